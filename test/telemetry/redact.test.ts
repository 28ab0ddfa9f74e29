import { crmFormat } from '../../src/format/crm-format.js';
import { personalStrings, redactText, scrubText } from '../../src/telemetry/redact.js';
import { validTraceparent } from '../../src/core/ids.js';

const { harmlessKeys } = crmFormat;

const body = JSON.stringify({
  notification_id: 'id-1',
  user_id: 123,
  message: 'Ada booked',
  user: { id: 123, name: 'Ada Lovelace', email: 'ada@example.com' },
  additional_data: { booking_id: 456, phone: 491701234567, tags: ['vip'], paid: true, note: null },
});

describe('redaction', () => {
  it('shows shapes and ids, and nothing that may be personal', () => {
    expect(redactText(body, { secrets: [], harmlessKeys })).toEqual({
      notification_id: 'id-1',
      user_id: 123,
      message: '[redacted]',
      user: { id: 123, name: '[redacted]', email: '[redacted]' },
      additional_data: { booking_id: 456, phone: '[redacted]', tags: ['[redacted]'], paid: true, note: null },
    });
  });

  it('takes secrets out of what is shown', () => {
    expect(redactText('{"status":"no such token: s3cret"}', { secrets: ['s3cret'], harmlessKeys })).toEqual({
      status: '[redacted]',
    });
    expect(redactText('not JSON s3cret', { secrets: ['s3cret'], harmlessKeys })).toBe(
      '15 characters that are not JSON',
    );
  });

  it('finds what a body says of people, longest first', () => {
    expect(personalStrings(body, harmlessKeys)).toEqual([
      'ada@example.com',
      'Ada Lovelace',
      '491701234567',
      'Ada booked',
      'vip',
    ]);
  });

  it('case 47: scrubs a reply of secrets, addresses, escapes and control characters, and cuts it', () => {
    const reply = '\u001b[31mno\u001b[0m s3cret for Ada Lovelace <bob@example.com>\r\n\0\u202e end';
    expect(scrubText(reply, ['s3cret', 'Ada Lovelace'])).toBe('no [redacted] for [redacted] <[redacted]>  end');
    expect(scrubText('x'.repeat(1_000_000), [])).toHaveLength(1024);
    expect(scrubText('\0'.repeat(1_000_000), [])).toBe('');
    const inUtf16 = Buffer.from('no s3cret for Ada Lovelace', 'utf16le').toString('utf8');
    expect(scrubText(inUtf16, ['s3cret', 'Ada Lovelace'])).toBe('no [redacted] for [redacted]');
  });
});

describe('a secret that a CRM sends back in another form', () => {
  it.each([
    ['escaped as JSON does in ASCII', '{"error":"no J\\u00f6rg \\u0026 Co here"}', 'Jörg & Co'],
    ['with the slashes that PHP escapes', '{"error":"bad token abc\\/def=="}', 'abc/def=='],
    ['with escaped quotation marks', '{"error":"no Ada \\"the Count\\" Lovelace"}', 'Ada "the Count" Lovelace'],
    ['with an escaped line break', '{"note":"first line\\nsecond line"}', 'first line\nsecond line'],
    [
      'in JSON within JSON',
      JSON.stringify({ error: JSON.stringify({ name: 'Zoë' }) }).replaceAll('ë', '\\\\u00eb'),
      'Zoë',
    ],
    ['escaped as HTML does', '<p>no O&#39;Brien &amp; Sons</p>', "O'Brien & Sons"],
    ['escaped as HTML does, in hexadecimal', '<p>no O&#x27;Brien</p>', "O'Brien"],
    ['with a line break in the middle', 'no Ada\r\nLovelace', 'Ada Lovelace'],
    ['behind terminal escapes', 'no Ada \u001b[1mLove\u001b[0mlace', 'Ada Lovelace'],
  ])('%s, is found', (_what, text, secret) => {
    const clean = scrubText(text, [secret]);
    expect(clean).toContain('[redacted]');
    for (const word of secret.match(/[\p{L}\d]{3,}/gu) ?? []) expect(clean).not.toContain(word);
  });

  it('as an encoded address, is found', () => {
    expect(scrubText('GET /users?email=ada%40example.com failed', [])).toBe('GET [redacted] failed');
  });

  it('under a key that is usually harmless, is not shown', () => {
    const text = '{"status":"\\u0073\\u0033cret","code":"ada@example.com","id":"Ada Lovelace","action":"s3cret-1"}';
    expect(redactText(text, { secrets: ['s3cret'], harmlessKeys })).toEqual({
      status: '[redacted]',
      code: '[redacted]',
      id: '[redacted]',
      action: '[redacted]',
    });
  });

  it('as a key, is not shown', () => {
    expect(redactText('{"ada@example.com":1,"s3cret":2,"fine":3}', { secrets: ['s3cret'], harmlessKeys })).toEqual({
      '[redacted]': '[redacted]',
      fine: '[redacted]',
    });
  });

  it('cut in half by the limit, is not shown by half', () => {
    const secret = 'abcdefghij'.repeat(20);
    // The part that is read ends within the secret; control characters before it fold into one space.
    for (let kept = 3; kept < secret.length; kept += 1) {
      const text = `${'\0'.repeat(8 * 1024 - kept)}${secret}`;
      expect(scrubText(text, [secret])).toBe('');
    }
  });

  it('is not looked for in what stands for another, however they are chosen', () => {
    const words = ['redacted', 'redacte', 'edacted', 'redact', 'dacted', 'acted', 'redac', 'ted', 'act', 'red', 'dac'];
    expect(scrubText(`an ${words.join(' or ')}`, words)).toBe(
      `an ${Array.from(words, () => '[redacted]').join(' or ')}`,
    );
  });
});

describe('the time redaction takes', () => {
  it.each([
    ['a deep reply', '['.repeat(65_536)],
    ['one long word', 'a'.repeat(65_536)],
    ['many addresses', 'a@'.repeat(32_768)],
    ['many entities', '&#'.repeat(32_768)],
    ['many escapes', '\u001b['.repeat(32_768)],
    ['many half escapes of JSON', `{"${'\\u00'.repeat(16_384)}`],
  ])('is short for %s', (_what, text) => {
    const startedAt = performance.now();
    scrubText(text, ['s3cret']);
    redactText(text, { secrets: ['s3cret'], harmlessKeys });
    personalStrings(text, harmlessKeys);
    expect(performance.now() - startedAt).toBeLessThan(500);
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
