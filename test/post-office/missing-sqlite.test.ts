import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useBuiltPrograms } from './built-program.js';

const onlyWithoutBuiltin = isBuiltin('node:sqlite') ? describe.skip : describe;

onlyWithoutBuiltin('F1: an outbox on disk without SQLite', () => {
  const run = useBuiltPrograms();
  const directory = useTempDirectory();

  it.each([
    ['missing', 'Install it (npm install @photostructure/sqlite@1), or use Node 22.13 or newer'],
    ['broken', 'is installed but could not be loaded (compiled against a different Node.js version)'],
  ])('stops the start when it is %s, with a thread and without, and says how to mend that', async (state, words) => {
    const outbox = join(directory(), 'outbox');
    const program = run({ file: 'start-without-sqlite.cjs', args: [outbox, state] });
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' });
    const refusal = expect.stringMatching(
      /^ERR_CRM_CONFIG configuration is not valid: outbox \(CRM_OUTBOX\): needs SQLite/,
    );
    expect(program.lines).toEqual([refusal, refusal]);
    for (const line of program.lines) expect(line).toContain(words);
    expect(existsSync(outbox)).toBe(false);
  });
});
