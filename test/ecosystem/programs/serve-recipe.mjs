/** Serves a recipe of docs/recipes.md, by what it exports: a router, an app, a NestJS module, or a notifier with a logger. */
const recipe = await import(new URL(process.argv[2], import.meta.url).href);

if (recipe.crm) {
  await recipe.crm.notify({ notificationType: 'logged', userId: 123, message: 'Logged' });
}
// No database here: a document is taken as saved.
if (recipe.BookingModel) {
  recipe.BookingModel.prototype.save = function save() {
    return Promise.resolve(this);
  };
}

const server = (await appOf(recipe)).listen(0, '127.0.0.1', () => {
  console.log(`The recipe is at http://127.0.0.1:${server.address().port}`);
});

async function appOf({ app, router, AppModule }) {
  if (app) return app;
  if (AppModule) {
    await import('reflect-metadata');
    const { NestFactory } = await import('@nestjs/core');
    const nest = await NestFactory.create(AppModule, { logger: false });
    await nest.init();
    return nest.getHttpServer();
  }
  const { default: express } = await import('express');
  const whole = express();
  if (router) {
    const { createNotifier } = await import('express-crm-notifier');
    whole.use(createNotifier().middleware(), router);
  }
  return whole;
}
