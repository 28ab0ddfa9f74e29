import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What the thread's file is called beside a bundle, without its extension. */
export const bundledThreadName = 'crm-notifier-thread';

// A file, or the directory that ncc makes.
const namesBesideBundle = ['.js', '.cjs', '.mjs', '/index.js'].map((ending) => `${bundledThreadName}${ending}`);

/**
 * The file of the post office's thread: in the package beside this file; for a bundle beside the bundle, where the app's build
 * has put it. Undefined if there is none.
 */
export function findThreadFile(): string | undefined {
  // In a bundle this is the bundle's, and an ES module has none.
  const here = typeof __filename === 'string' ? __filename : undefined;
  if (here !== undefined && basename(here) === 'find-thread-file.js') {
    return existing([join(dirname(here), 'post-office-thread.js')]);
  }
  const bundles = [here, process.argv[1]].filter((path) => path !== undefined);
  return existing(bundles.flatMap((bundle) => namesBesideBundle.map((name) => join(dirname(bundle), name))));
}

function existing(files: readonly string[]): string | undefined {
  return files.find((file) => existsSync(file));
}
