// Prints the names of an entry point of the package, imported and required.

import { createRequire } from 'node:module';

const [, , entry = 'express-crm-notifier'] = process.argv;
const imported = await import(entry);
const required = createRequire(import.meta.url)(entry);
const names = Object.keys(imported).sort();
const result = {
  imported: names,
  required: Object.keys(required).sort(),
  areTheSame: names.every((name) => imported[name] === required[name]),
};
console.log(JSON.stringify({ result }));
