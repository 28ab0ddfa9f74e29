/** Makes a notifier on PostgreSQL where nobody has installed `pg`; its outbox is the first argument. */
const Module = require('node:module');

const [outbox] = process.argv.slice(2);
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  if (request !== 'pg') return resolve(request, ...rest);
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
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
