import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserId } from './unprivileged-user.js';

export interface GuardedDirectory {
  readonly path: string;
  /** Runs the guard's script and removes the directory. Resolves once both are done. */
  remove(): Promise<void>;
}

export interface GuardOptions {
  /** The owner of the directory, who runs the script, too. @default this process's user */
  readonly user?: UserId;
  /** Ends what runs in the directory, which is `$1`. Must not mind when nothing does. */
  readonly script: string;
}

/**
 * Makes a temporary directory for a server that must not outlive this process. However this process ends, by SIGKILL too, a
 * small shell then ends the server and removes the directory: it waits for the end of a pipe that only this process holds.
 */
export function guardedDirectory(name: string, { user = {}, script }: GuardOptions): GuardedDirectory {
  const path = mkdtempSync(join(tmpdir(), name));
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid ?? user.uid);
  // In a session of its own, so that Ctrl-C does not end the guard together with what it guards.
  const guard = spawn('sh', ['-c', `cat > /dev/null; ${script}; cd /; rm -rf "$1"`, 'guard', path], {
    ...user,
    cwd: path,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = once(guard, 'exit');
  // Who awaits its end hears of it; until then nobody does.
  ended.catch(() => undefined);
  // The process may end while the directory is there: that is what the guard is for.
  guard.unref();
  return {
    path,
    async remove() {
      guard.ref();
      guard.stdin.end();
      await ended;
    },
  };
}
