/** Makes a notifier where `@photostructure/sqlite` is `missing` or `broken`, as the second argument says; the first is its outbox. */
const Module = require('node:module');

const [outbox, state] = process.argv.slice(2);
const name = '@photostructure/sqlite';
const { _resolveFilename: resolve, _load: load } = Module;
Module._resolveFilename = (request, ...rest) => {
  if (request !== name || state !== 'missing') return resolve(request, ...rest);
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
};
Module._load = (request, ...rest) => {
  if (request !== name || state !== 'broken') return load(request, ...rest);
  throw new Error('compiled against a different Node.js version');
};

const { createNotifier } = require('express-crm-notifier');

for (const thread of [true, false]) {
  try {
    createNotifier({ outbox, thread, authToken: 'test-token-0123456789', env: {} });
    console.log('started');
  } catch (error) {
    console.log(`${error.code} ${error.message}`);
  }
}
