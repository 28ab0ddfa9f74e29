import { inEachDatabase } from '../running-demo.js';
import type { RunningDemo } from '../running-demo.js';
import { ADA } from './actions.js';

inEachDatabase((runDemo) => {
  let demo: RunningDemo;

  beforeEach(async () => {
    demo = await runDemo();
  });

  afterEach(async () => {
    await demo.close();
  });

  test('returns a token that works, and stores neither it nor the password', async () => {
    const response = await demo
      .call('post', '/sign-in')
      .send({ email: 'Ada@Example.com', password: 'ada-demo-password' })
      .expect(200);
    const { token } = response.body as { token: string };
    await demo.call('get', '/bookings', token).expect(200, { bookings: [] });

    const stored = [...(await demo.query('SELECT * FROM access_tokens')), ...(await demo.query('SELECT * FROM users'))]
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
      .join(' ');
    expect(stored).toContain('ada@example.com');
    expect(stored).not.toContain(token);
    expect(stored).not.toContain('ada-demo-password');
  });

  test.each([
    ['a wrong password', { email: 'ada@example.com', password: 'ben-demo-password' }, 401],
    ['an address nobody has', { email: 'eve@example.com', password: 'ada-demo-password' }, 401],
    ['no password', { email: 'ada@example.com' }, 400],
    ['a list', [], 400],
  ])('%s is refused', async (_case, credentials, status) => {
    const response = await demo.call('post', '/sign-in').send(credentials).expect(status);
    expect(response.body).toMatchObject({ error: expect.any(String) });
  });

  test.each([
    ['get', '/bookings'],
    ['post', '/bookings'],
    ['delete', '/bookings/1'],
    ['post', '/bookings/1/reactivate'],
    ['post', '/events'],
    ['put', '/events/1'],
    ['delete', '/events/1'],
    ['get', '/crm/stats'],
  ] as const)('%s %s needs a token that is known', async (method, path) => {
    await demo.call(method, path).expect(401).expect('WWW-Authenticate', 'Bearer');
    await demo.call(method, path, 'unknown').expect(401);
  });

  test.each([
    ['post', '/events'],
    ['put', '/events/1'],
    ['delete', '/events/1'],
    ['get', '/crm/stats'],
  ] as const)('%s %s is for facilitators', async (method, path) => {
    await demo.call(method, path, ADA).expect(403, { error: 'Only a facilitator may do this' });
  });
});
