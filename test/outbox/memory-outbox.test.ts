import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import { describeOutboxContract } from './outbox-conformance.js';

describe('the outbox in memory', () => {
  describeOutboxContract(async () => createMemoryOutbox());
});
