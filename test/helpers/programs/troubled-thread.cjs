/**
 * The post office's thread, as built, which makes trouble when it is told to on a channel named after its outbox's file.
 * It confirms each order first, because what comes from two channels comes in no order.
 *
 *   end                  it ends, between two turns of its event loop
 *   end-before-accept    it ends when it gets the next batch
 *   end-before-answer    it ends when it has stored the next batch and not yet said so
 *   end-with-answer      it ends in the moment of its next answer, so that both are met at once
 *   hang                 it says so in the given shared memory, and does nothing until it is woken there
 */
const { setImmediate } = require('node:timers');
const { BroadcastChannel, parentPort, workerData } = require('node:worker_threads');

const channel = new BroadcastChannel(workerData.settings.place.file);
channel.unref();

const orders = {
  end: () => setImmediate(() => process.exit(1)),
  'end-before-accept'() {
    parentPort.prependListener('message', ({ kind }) => {
      if (kind === 'accept') process.exit(1);
    });
  },
  'end-before-answer'() {
    const { postMessage } = parentPort;
    parentPort.postMessage = function (message) {
      if (message.kind === 'accepted') process.exit(1);
      postMessage.call(this, message);
    };
  },
  'end-with-answer'() {
    const { postMessage } = parentPort;
    parentPort.postMessage = function (message) {
      postMessage.call(this, message);
      if (message.kind === 'answer') process.exit(0);
    };
  },
  hang: ({ memory }) =>
    setImmediate(() => {
      const [wake, hanging] = [0, 1];
      const shared = new Int32Array(memory);
      Atomics.store(shared, hanging, 1);
      // Not at all where it was woken already.
      Atomics.wait(shared, wake, 0);
    }),
};

channel.onmessage = ({ data }) => {
  if (data.order === undefined) return;
  channel.postMessage({ confirmed: data.order });
  orders[data.order](data);
};

require('../../../dist/cjs/post-office/post-office-thread.js');
