import { statSync } from 'node:fs';
import { modeText } from './access-problem.js';

const ownDirectory = 'or give the outbox a directory of its own';

/**
 * Who besides the user of this process may change an outbox, and what to do about it; undefined if nobody may. Call it once the
 * outbox's file exists and this process has restricted what it can.
 *
 * It is no reason to refuse: a container's volume often belongs to root or is writable by everybody, and nobody else is in the
 * container.
 */
export function outboxExposure(directory: string, file: string): string | undefined {
  const user = process.geteuid?.();
  // Windows has another kind of owners, and no modes.
  if (user === undefined) return undefined;
  const { uid, mode } = statSync(directory);
  const fileOwner = statSync(file).uid;
  const problems: string[] = [];
  if (uid !== user && uid !== 0) {
    problems.push(
      `its directory belongs to user ${String(uid)}, who can replace what is in it: ` +
        `chown it to the user who runs the app (${String(user)}), ${ownDirectory}`,
    );
  }
  const writers = writersOf(mode);
  if (writers !== undefined) {
    const isSticky = (mode & 0o1000) !== 0;
    const harm = isSticky
      ? 'can put files of theirs beside the outbox’s; the sticky bit keeps them from replacing those'
      : 'can replace what is in it';
    problems.push(
      `its directory is writable by ${writers} (mode ${modeText(mode)}), who ${harm}: chmod 700 it, ${ownDirectory}`,
    );
  }
  // Only root gets this far with another user's file.
  if (fileOwner !== user) {
    problems.push(
      `its file belongs to user ${String(fileOwner)}, who can change what is sent: ` +
        'run the app as that user, or chown the directory and what is in it to the user who runs the app',
    );
  }
  return problems.length === 0 ? undefined : problems.join('; and ');
}

function writersOf(mode: number): string | undefined {
  const writers = [(mode & 0o020) === 0 ? [] : ['its group'], (mode & 0o002) === 0 ? [] : ['everybody']].flat();
  return writers.length === 0 ? undefined : writers.join(' and ');
}
