import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CRMConfigError } from '../../core/errors.js';
import { readFileHeader } from './file-header.js';
import { refuseNewerSchema } from './schema.js';

const fileName = 'outbox.db';
const { O_APPEND, O_CREAT, O_WRONLY } = constants;
// Windows does not have `O_NOFOLLOW`.
const appendingNoLink = O_APPEND | O_CREAT | O_WRONLY | ((constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0);

/**
 * Creates the directory of an outbox if it is missing, and returns its real path. Throws `CRMConfigError` when the path
 * cannot be used; nothing is changed then. It is synchronous, so that a mistake stops the app at its start.
 */
export function prepareOutboxDirectory(path: string): string {
  const directory = resolve(path);
  const found = statOf(directory) ?? makeDirectory(directory);
  if (found.isSymbolicLink()) refuse('is a symbolic link; give the directory itself');
  if (!found.isDirectory()) refuse('is not a directory');
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    refuse('cannot be written to; check its owner and mode', error);
  }
  return realpathSync(directory);
}

/**
 * Creates the file of an outbox if it is missing, and returns its path: mode 0600 in 0700, because notifications are personal
 * data. Throws `CRMConfigError` when a file there is not ours or is of a newer version; nothing is changed then.
 *
 * Call it only once the directory is claimed: closing any descriptor of a file drops all locks of this process on it, even those
 * of another notifier that is using it (https://www.sqlite.org/howtocorrupt.html section 2.2).
 */
export function prepareOutboxFile(directory: string): string {
  const file = join(directory, fileName);
  const found = statOf(file);
  if (found !== undefined && !found.isFile()) refuse(`has a ${fileName} in it that is not a file`);
  try {
    if (found !== undefined) refuseFileOfAnother(found);
    if (found !== undefined) refuseWhatIsNotOurs(file);
    // If the directory also holds other things, its mode is not ours to change.
    if (readdirSync(directory).every((name) => name.startsWith(fileName))) chmodSync(directory, 0o700);
    makePrivateFile(file);
  } catch (error) {
    if (error instanceof CRMConfigError) throw error;
    refuse('cannot be kept from others (0700); give one that belongs to the user who runs the app', error);
  }
  return file;
}

/**
 * The path of an existing outbox file; undefined if there is none. Throws `CRMConfigError` when a file there is not ours, is of
 * a newer version or cannot be read. Changes and creates nothing.
 */
export function findOutboxFile(path: string): string | undefined {
  const directory = resolve(path);
  const found = statOf(directory);
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) refuse('is a symbolic link; give the directory itself');
  if (!found.isDirectory()) refuse('is not a directory');
  const file = join(directory, fileName);
  const foundFile = statOf(file);
  if (foundFile === undefined) return undefined;
  if (!foundFile.isFile()) refuse(`has a ${fileName} in it that is not a file`);
  try {
    refuseWhatIsNotOurs(file);
  } catch (error) {
    if (error instanceof CRMConfigError) throw error;
    refuse('cannot be read; do this as the user who runs the app', error);
  }
  return file;
}

/**
 * Creates a file if it is missing, and lets only its owner use it; does not follow a link. SQLite gives the files beside it the
 * same mode.
 */
export function makePrivateFile(file: string): void {
  const descriptor = openSync(file, appendingNoLink, 0o600);
  try {
    // Only where it must be: Node's permission model refuses it altogether.
    if ((fstatSync(descriptor).mode & 0o777) !== 0o600) fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return refuse('cannot be looked at', error);
  }
}

function makeDirectory(directory: string): Stats {
  if (statOf(dirname(directory)) === undefined)
    refuse(`lies in ${dirname(directory)}, which does not exist; make that first`);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      refuse('cannot be made; check the owner and mode of the directory above', error);
  }
  return lstatSync(directory);
}

/** A file's owner can change what is sent, whatever its mode. Root is not refused but warned; see `outboxExposure`. */
function refuseFileOfAnother({ uid }: Stats): void {
  const user = process.geteuid?.();
  if (user === undefined || user === 0 || uid === user) return;
  const owner = `user ${String(uid)}, and this is user ${String(user)}`;
  refuse(`has an ${fileName} in it that belongs to ${owner}; give one that belongs to the user who runs the app`);
}

function refuseWhatIsNotOurs(file: string): void {
  const header = readFileHeader(file);
  if (header.kind === 'outbox') refuseNewerSchema(header.schemaVersion);
  if (header.kind !== 'foreign') return;
  refuse(
    `has a ${fileName} in it that ${header.isSqlite ? 'belongs to another application' : 'is not an SQLite file'}`,
  );
}

function refuse(problem: string, cause?: unknown): never {
  const message = `${problem}. The outbox needs a directory of its own on a local disk`;
  throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}

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
    const modeText = (mode & 0o7777).toString(8).padStart(4, '0');
    problems.push(
      `its directory is writable by ${writers} (mode ${modeText}), who ${harm}: chmod 700 it, ${ownDirectory}`,
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
