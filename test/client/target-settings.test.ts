import { parseBaseUrl } from '../../src/client/target-settings.js';

function problemOf(text: unknown): string {
  const parsed = parseBaseUrl(text);
  return 'problem' in parsed ? parsed.problem : `accepted as ${parsed.url}`;
}

function urlOf(text: string): string {
  const parsed = parseBaseUrl(text);
  return 'url' in parsed ? parsed.url : `refused: ${parsed.problem}`;
}

describe('the base URL', () => {
  it.each<[text: unknown, problem: RegExp]>([
    ['', /must not be empty/],
    [5001, /must be a string/],
    ['localhost:3000', /must start with http/],
    ['//host/x', /must start with http/],
    ['host:3000', /must start with http/],
  ])('case 1: %p is refused', (text, problem) => {
    expect(problemOf(text)).toMatch(problem);
  });

  it.each(['ftp://h/', 'file:///etc/passwd', 'javascript:alert(1)', 'data:,x', 'unix:/tmp/s'])(
    'case 2: %s is refused',
    (text) => {
      expect(problemOf(text)).toMatch(/must start with http/);
    },
  );

  it.each<[text: string, problem: RegExp]>([
    ['http://user:geheim@h/', /must not contain a user or password/],
    ['http://user@h/', /must not contain a user or password/],
    ['http://h/?x=1', /query or fragment/],
    ['http://h/#f', /query or fragment/],
    ['http://h/?', /query or fragment/],
  ])('case 3: %s is refused, without repeating it', (text, problem) => {
    expect(problemOf(text)).toMatch(problem);
    expect(problemOf(text)).not.toContain('geheim');
  });

  it.each([
    ['https://h/base', 'https://h/base'],
    ['https://h/base/', 'https://h/base'],
    ['https://h/a/../../b', 'https://h/b'],
    ['https://h/a/%2e%2e/b', 'https://h/b'],
    ['https://h', 'https://h'],
  ])('case 4: %s is %s', (text, url) => {
    expect(urlOf(text)).toBe(url);
  });

  it.each([' http://h', 'http://h ', 'http://h\n', 'http://a b/', 'http://h/\tx', 'http://h/\u0000'])(
    'case 5: %j is refused',
    (text) => {
      expect(problemOf(text)).toMatch(/spaces, tabs or line breaks/);
    },
  );

  it.each(['http://h:0', 'http://h:99999'])('case 5: %s is refused', (text) => {
    expect(problemOf(text)).toMatch(/port/);
  });

  it.each([
    ['http://2130706433/', 'http://127.0.0.1'],
    ['http://0x7f.1/', 'http://127.0.0.1'],
    ['http://127.1/', 'http://127.0.0.1'],
    ['http://①②⑦.⓪.⓪.①/', 'http://127.0.0.1'],
    ['http://LOCALHOST:5001', 'http://localhost:5001'],
    ['http://localhost.:5001', 'http://localhost:5001'],
  ])('cases 6 and 7: %s is %s', (text, url) => {
    expect(urlOf(text)).toBe(url);
  });

  it.each([
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://169.254.43518/',
    'http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/',
    'http://[::169.254.169.254]/',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::1]/',
    'http://[64:ff9b:1::a9fe:a9fe]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::]/',
    'http://[fd00:ec2::254]/',
    'http://169.254.169.254./',
  ])('case 6: %s is refused', (text) => {
    expect(problemOf(text)).toMatch(/metadata/);
  });

  it.each([
    ['http://crm.example.com', true],
    ['http://8.8.8.8', true],
    ['https://crm.example.com', false],
    ['http://localhost', false],
    ['http://127.0.0.1', false],
    ['http://10.1.2.3', false],
    ['http://192.168.0.7', false],
    ['http://[::1]', false],
    ['http://[fd12::1]', false],
    ['http://crm', false],
    ['http://crm.internal', false],
  ])('case 8: %s sends the token unencrypted to a public host: %s', (text, isPublicHttp) => {
    expect(parseBaseUrl(text)).toMatchObject({ isPublicHttp });
  });
});
