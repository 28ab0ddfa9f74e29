import { replyWords } from '../../src/core/reply-words.js';

describe('the words of a reply', () => {
  it.each([
    ['{"error":{"message":"The phone is missing"}}', 'The phone is missing'],
    ['{"errors":[{"detail":"no such user"},{"detail":"no such event"}]}', 'no such user'],
    ['<!doctype html><html><head><style>p{}</style></head><body><h1>503</h1> Try later</body></html>', '503 Try later'],
    ['  Try later ', 'Try later'],
  ])('of %s are %s', (reply, words) => {
    expect(replyWords(reply)).toBe(words);
  });

  it.each(['{"code":12}', '{"message":"cut o', '<html></html>', 'a < b'])('of %s are the whole of it', (reply) => {
    expect(replyWords(reply)).toBe(reply);
  });
});
