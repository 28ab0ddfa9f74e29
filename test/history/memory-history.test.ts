import { createMemoryHistory } from '../../src/history/memory-history.js';
import { historyContract, keptDelivered } from './history-contract.js';

describe('the history of an outbox in memory', () => {
  historyContract(() => Promise.resolve(createMemoryHistory(() => Date.now(), keptDelivered)));
});
