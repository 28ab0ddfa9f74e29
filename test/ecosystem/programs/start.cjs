// Starts an app that is a module with a function `start`: `node start.cjs out/app.mjs`.

const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { bookOnce } = require('./book-once.cjs');

void import(pathToFileURL(resolve(process.argv[2])).href).then(({ start }) => bookOnce(start));
