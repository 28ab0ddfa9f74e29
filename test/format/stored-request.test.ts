import { deliverByDefinition } from '../../src/format/deliver-by-definition.js';
import { problemWithStored, readStoredRequest, writeStoredRequest } from '../../src/format/stored-request.js';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('a stored request', () => {
  it.each([
    { body: '{"a":1}' },
    { body: '{"a":"é\\u0000"}', path: '/users/1?a=b' },
    { body: 'x', headers: { 'x-a': '1', 'x-b': 'two words: and a colon' } },
    { body: 'POST / HTTP/1.1\r\n\r\n', path: '/a', headers: { 'ce-id': 'a' } },
    { body: 'POST is a verb' },
  ])('is read as it was written: %j', (request) => {
    const { path, headers, body } = readStoredRequest(bytes(writeStoredRequest(request)));
    expect(Buffer.from(body).toString()).toBe(request.body);
    expect(path).toBe('path' in request ? request.path : undefined);
    expect(headers).toEqual(Object.entries('headers' in request ? request.headers : {}).flat());
    expect(problemWithStored(bytes(writeStoredRequest(request)))).toBeUndefined();
  });

  it('is its body alone where it has nothing of its own', () => {
    expect(writeStoredRequest({ body: '{"a":1}' })).toBe('{"a":1}');
  });

  it.each([
    'POST http://example.com/ HTTP/1.1\r\n\r\n{}',
    'POST //example.com/ HTTP/1.1\r\n\r\n{}',
    'POST /a b HTTP/1.1\r\n\r\n{}',
    'POST /a\u0000 HTTP/1.1\r\n\r\n{}',
    'POST /a HTTP/1.1\r\nauthorization: Bearer x\r\n\r\n{}',
    'POST /a HTTP/1.1\r\nhost: example.com\r\n\r\n{}',
    'POST /a HTTP/1.1\r\nx-a\r\n\r\n{}',
    'POST /a HTTP/1.1\r\nx-a: \u0001\r\n\r\n{}',
  ])('that somebody has changed is not sent: %j', (text) => {
    const format = deliverByDefinition({ name: 'acme', path: '/' }, {});
    expect(format.problemWith({ id: 'an-id', body: bytes(text) })).toBe(
      'its stored path or headers have been changed and cannot be sent',
    );
  });
});
