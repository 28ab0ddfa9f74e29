import { createMemoryHistory } from '../../src/history/memory-history.js';
import { historyContract, keptDelivered } from './history-contract.js';
import { typesContract } from './types-contract.js';

describe('the history of an outbox in memory', () => {
  const open = () => Promise.resolve(createMemoryHistory(() => Date.now(), keptDelivered));
  historyContract(open);
  typesContract(open);
});
