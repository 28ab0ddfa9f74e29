import { join } from 'node:path';

/** The post office's thread as it is built: in `src` there is none that a worker could run. */
export const builtThreadFile = join(__dirname, '../../dist/cjs/post-office/post-office-thread.js');

/** One of the programs that run the built thread and make trouble when told to. */
export function troubleFile(name: string): string {
  return join(__dirname, '../helpers/programs', `${name}.cjs`);
}
