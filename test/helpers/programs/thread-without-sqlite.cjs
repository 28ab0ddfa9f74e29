/** The post office's thread, as built, where nobody has installed SQLite. */
const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  if (request !== '@photostructure/sqlite') return resolve(request, ...rest);
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
};
require('../../../dist/cjs/post-office/post-office-thread.js');
