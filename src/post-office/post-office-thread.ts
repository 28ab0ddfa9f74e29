import { parentPort, workerData } from 'node:worker_threads';
import { version } from '../core/version.js';
import { servePostOffice } from './serve-post-office.js';
import { passExitGate } from './thread-gates.js';
import type { ThreadData } from './thread-messages.js';

/**
 * The post office's thread, which `thread-keeper.ts` starts. It is also the entry point `express-crm-notifier/thread`, which apps
 * build beside their bundle. It exports nothing.
 */

if (parentPort === null)
  throw new Error('express-crm-notifier/thread is not for an app to import: build it beside the app’s bundle');
const data = workerData as ThreadData;
if (data.version !== version) throw new Error(`it is of version ${version}, and the app’s is ${data.version}`);
servePostOffice(parentPort, data, { runNative: (work) => passExitGate(data.exitGate, work) });
