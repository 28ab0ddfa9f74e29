// Preloaded by an app: prints at its end how many threads it has started.
const workerThreads = require('node:worker_threads');

let threads = 0;
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(...args) {
    super(...args);
    threads += 1;
  }
};
process.once('exit', () => {
  console.log(JSON.stringify({ threads }));
});
