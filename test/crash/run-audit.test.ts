import { runAudit, testVariants } from './test-variants.js';

// The other variants take their time, so they are in further-variants.audit.ts.
describe('the crash audit (case 64), a short one: npm run test:crash is the long one', () => {
  testVariants([
    {
      of: 'an app with a CRM that fails and dies, and a thread that ends',
      args: ['--faults', '--crm-kills', '--thread-ends'],
    },
    { of: 'four processes on one outbox', args: ['--processes', '4', '--faults'] },
  ]);

  it('says what it can do, and what was wrong with its options', async () => {
    expect(await runAudit('--help')).toEqual({ code: 0, output: expect.stringContaining('--processes N') });
    for (const args of [
      ['--kils', '3'],
      ['--kills', 'many'],
      ['--kills', '0'],
      ['--stalls', '--disk-full'],
      ['--package', __dirname],
    ]) {
      expect(await runAudit(...args)).toEqual({
        code: 2,
        output: expect.stringContaining('Usage: npm run test:crash'),
      });
    }
  }, 60_000);
});
