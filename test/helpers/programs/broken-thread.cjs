/** A thread that gives a sign of life and fails. */
const { parentPort } = require('node:worker_threads');

parentPort.postMessage({ kind: 'pong' });
throw new Error('Cannot find module of the thread');
