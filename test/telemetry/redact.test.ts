import { personalStrings, redactText, scrubText } from '../../src/telemetry/redact.js';
import { validTraceparent } from '../../src/telemetry/traceparent.js';

const body = JSON.stringify({
  notification_id: 'id-1',
  user_id: 123,
  message: 'Ada booked',
  user: { id: 123, name: 'Ada Lovelace', email: 'ada@example.com' },
  additional_data: { booking_id: 456, phone: 491701234567, tags: ['vip'], paid: true, note: null },
});

describe('redaction', () => {
  it('shows shapes and ids, and nothing that may be personal', () => {
    expect(redactText(body, [])).toEqual({
      notification_id: 'id-1',
      user_id: 123,
      message: '[redacted]',
      user: { id: 123, name: '[redacted]', email: '[redacted]' },
      additional_data: { booking_id: 456, phone: '[redacted]', tags: ['[redacted]'], paid: true, note: null },
    });
  });

  it('takes secrets out of what is shown', () => {
    expect(redactText('{"status":"no such token: s3cret"}', ['s3cret'])).toEqual({
      status: '[redacted]',
    });
    expect(redactText('not JSON s3cret', ['s3cret'])).toBe('15 characters that are not JSON');
  });

  it('finds what a body says of people, longest first', () => {
    expect(personalStrings(body)).toEqual(['ada@example.com', 'Ada Lovelace', '491701234567', 'Ada booked', 'vip']);
  });

  it('case 47: scrubs a reply of secrets, addresses, escapes and control characters, and cuts it', () => {
    const reply = '\u001b[31mno\u001b[0m s3cret for Ada Lovelace <bob@example.com>\r\n\0\u202e end';
    expect(scrubText(reply, ['s3cret', 'Ada Lovelace'])).toBe('no [redacted] for [redacted] <[redacted]>  end');
    expect(scrubText('x'.repeat(1_000_000), [])).toHaveLength(1024);
    expect(scrubText('\0'.repeat(1_000_000), [])).toBe('');
  });
});

describe('traceparent', () => {
  const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  it('is passed on when it is valid', () => {
    expect(validTraceparent(valid)).toBe(valid);
  });

  it.each<unknown>([
    undefined,
    '',
    valid.toUpperCase(),
    valid.replace('00-', 'ff-'),
    valid.replace(/4bf9\w+/, '0'.repeat(32)),
    valid.replace('00f067aa0ba902b7', '0'.repeat(16)),
    `${valid}\r\nx: y`,
    [valid],
  ])('%p is ignored', (header) => {
    expect(validTraceparent(header)).toBeUndefined();
  });
});
