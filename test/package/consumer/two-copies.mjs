// An app that has two copies of the package, as happens when one of its dependencies brings a version of its own. Prints
// each error that one copy threw, and whether the other copy's classes know it.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const one = require('express-crm-notifier');
for (const file of Object.keys(require.cache)) Reflect.deleteProperty(require.cache, file);
const another = require('express-crm-notifier');

const crm = createServer((request, response) => {
  response.writeHead(request.url.startsWith('/busy') ? 503 : 200).end('no JSON');
});
const baseUrl = await listen(crm);
// A port that was free a moment ago, on which nobody listens.
const gone = createServer();
const goneUrl = await listen(gone);
gone.close();

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

const notification = { notificationType: 'user_registered', userId: 123, message: 'New user registered' };

const failures = {
  CRMConfigError: ({ CRMNotificationService }) => new CRMNotificationService({ baseUrl: 'nonsense' }),
  CRMValidationError: (copy) => send(copy, baseUrl, { ...notification, userId: -1 }),
  CRMHttpError: (copy) => send(copy, `${baseUrl}/busy`),
  CRMResponseError: (copy) => send(copy, baseUrl),
  CRMConnectionError: (copy) => send(copy, goneUrl),
};

async function send({ CRMNotificationService }, toBaseUrl, what = notification) {
  const service = new CRMNotificationService({ baseUrl: toBaseUrl, authToken: 'a-token-of-this-test' });
  try {
    await service.sendNotification(what);
  } finally {
    await service.close();
  }
}

async function errorOf(call) {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

for (const [thrower, other] of [
  [one, another],
  [another, one],
]) {
  for (const [className, fail] of Object.entries(failures)) {
    const error = await errorOf(() => fail(thrower));
    const result = {
      by: thrower === one ? 'one copy' : 'the other copy',
      name: error?.name,
      sameClass: thrower[className] === other[className],
      known: error instanceof other[className] && error instanceof other.CRMNotificationError,
      guarded: other.isCRMNotificationError(error),
      mistaken: error instanceof other.CRMTimeoutError,
    };
    console.log(JSON.stringify({ result }));
  }
}
crm.close();
