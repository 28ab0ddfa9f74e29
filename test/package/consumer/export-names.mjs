import { createRequire } from 'node:module';
import * as imported from 'express-crm-notifier';

const required = createRequire(import.meta.url)('express-crm-notifier');
const result = {
  imported: Object.keys(imported).sort(),
  required: Object.keys(required).sort(),
  areTheSame: imported.createNotifier === required.createNotifier,
};
console.log(JSON.stringify({ result }));
