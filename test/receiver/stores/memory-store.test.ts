import { memoryStore } from '../../../src/receiver/index.js';

const handled = () => Promise.resolve();

it('remembers ids, up to its limit, and forgets the oldest first', async () => {
  const store = memoryStore({ maxCount: 2 });
  for (const id of ['a', 'b']) expect(await store.handleOnce(id, handled)).toBe('handled');
  for (const id of ['a', 'b']) expect(await store.handleOnce(id, handled)).toBe('duplicate');
  expect(await store.handleOnce('c', handled)).toBe('handled');
  expect(await store.handleOnce('b', handled)).toBe('duplicate');
  expect(await store.handleOnce('a', handled)).toBe('handled');
});

it('does not remember what could not be handled', async () => {
  const store = memoryStore();
  await expect(store.handleOnce('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await store.handleOnce('a', handled)).toBe('handled');
});

it.each([0, 1.5, NaN])('a limit of %d is refused', (maxCount) => {
  expect(() => memoryStore({ maxCount })).toThrow(/store\.maxCount: must be a whole number from 1 on/);
});
