import { inlineHost } from './observed-office.js';
import { describePostOfficeContract } from './post-office-conformance.js';

describe('the post office in the app’s own thread, with an outbox in memory', () => {
  describePostOfficeContract({ createHost: inlineHost, isOnDisk: false });
});

describe('the post office in the app’s own thread, with an outbox on disk', () => {
  describePostOfficeContract({ createHost: inlineHost, isOnDisk: true });
});
