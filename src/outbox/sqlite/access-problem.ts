import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Says why this process cannot use or make a file or directory, and what to do: with the owner and the mode of what is in its
 * way, and the user of the process. `error` is the failure of the file system. `advice` replaces the usual one.
 */
export function accessProblem(path: string, error: unknown, advice?: string): string {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  if (code === 'EROFS') return `${path} is on a read-only file system. Mount a disk there that can be written to`;
  if (code === 'EMFILE' || code === 'ENFILE')
    return `${path} cannot be opened (${code}). Raise the limit of open files`;
  if (code === 'ERR_ACCESS_DENIED') {
    return (
      `${path} is refused by Node's permission model. Make that directory beforehand, and start Node with ` +
      '--allow-fs-read=* and --allow-fs-write=DIRECTORY/*'
    );
  }
  const user = process.geteuid?.();
  if (user === undefined || (code !== 'EACCES' && code !== 'EPERM')) return `${path} cannot be used (${code})`;
  const { at, stats } = nearestTo(path);
  const facts = `${at === path ? 'it' : at} ${ownerText(stats)}, and this process is user ${String(user)}`;
  const { what, fix } = remedy(path, at, stats, user);
  return `${path} cannot be ${what}: ${facts}. ${advice ?? `${fix}. Or give a directory that this user may write to`}`;
}

function remedy(path: string, at: string, stats: Stats, user: number): { readonly what: string; readonly fix: string } {
  const { uid } = stats;
  const word = shellWord(path);
  // Its mode does not stop root, but a network disk or a container may.
  if (user === 0) return { what: 'used', fix: 'Root itself is refused, so it is not the mode' };
  if (at === path && uid === user) return { what: 'used', fix: `Run: chmod u+rwx ${word}` };
  if (at === path) {
    // If one of the outbox's files belongs to somebody else, others do, too.
    const files = stats.isFile() ? `${shellWord(dirname(path))}/outbox.db*` : word;
    return { what: 'used', fix: `As root, run: chown ${String(user)} ${files}` };
  }
  if (!isPassable(at)) return { what: 'reached', fix: `As root, run: chmod o+x ${shellWord(at)}` };
  return { what: 'made', fix: `As root, run: mkdir -p ${word} && chown ${String(user)} ${word}` };
}

/** Such as `belongs to user 0 and has mode 0755`. */
export function ownerText({ uid, mode }: Stats): string {
  return `belongs to user ${String(uid)} and has mode ${modeText(mode)}`;
}

export function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** Quotes a path for a shell, if it needs that. */
export function shellWord(path: string): string {
  return /^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The path itself, or the nearest directory above it that can be looked at. */
function nearestTo(path: string): { readonly at: string; readonly stats: Stats } {
  for (let at = path; ; at = dirname(at)) {
    try {
      return { at, stats: statSync(at) };
    } catch (error) {
      if (at === dirname(at)) throw error;
    }
  }
}

function isPassable(directory: string): boolean {
  try {
    accessSync(directory, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
