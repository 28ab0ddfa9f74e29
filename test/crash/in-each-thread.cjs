/**
 * Loaded first in each thread of the app under audit, so that the audit can do two things to it from outside.
 *
 * End the post office's thread, as a crash in it would. The thread does so itself, between two turns of its event loop: to
 * be ended in the middle of a native call would try the runtime, not the post office.
 *
 * Move the wall clock: `Date` is so far from the real one as CLOCK_OFFSET_MS says at the start, and a message after that.
 */
const { BroadcastChannel, isMainThread } = require('node:worker_threads');

const RealDate = Date;
let offsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0);

globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offsetMs);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + offsetMs;
  }
};

const channel = new BroadcastChannel('audit');
channel.onmessage = ({ data }) => {
  if (data.kind === 'clock') offsetMs = data.offsetMs;
  else if (!isMainThread) process.exit(1);
};
channel.unref();
