import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
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
// Windows does not have the last one.
const appendingNoLink = O_APPEND | O_CREAT | O_WRONLY | ((constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0);

/**
 * Makes the directory of an outbox if it is missing, and answers its real path. Throws `CRMConfigError` when the place
 * cannot be used; nothing is changed then. It blocks, so that a mistake stops the app at its start.
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
 * Makes the file of an outbox if it is missing, and answers its path: 0600 in 0700, since notifications are personal
 * data. Throws `CRMConfigError` when there is something that is not ours or is newer than we are; nothing is changed then.
 *
 * Only for the one who has claimed the directory: closing any descriptor of a file drops the locks that this process
 * has on it, those of a notifier at work among them (https://www.sqlite.org/howtocorrupt.html section 2.2).
 */
export function prepareOutboxFile(directory: string): string {
  const file = join(directory, fileName);
  const found = statOf(file);
  if (found !== undefined && !found.isFile()) refuse(`has a ${fileName} in it that is not a file`);
  try {
    if (found !== undefined) refuseFileOfAnother(found);
    if (found !== undefined) refuseWhatIsNotOurs(file);
    // A directory that holds other things as well is not ours to close to others.
    if (readdirSync(directory).every((name) => name.startsWith(fileName))) chmodSync(directory, 0o700);
    makePrivateFile(file);
  } catch (error) {
    if (error instanceof CRMConfigError) throw error;
    refuse('cannot be kept from others (0700); give one that belongs to the user who runs the app', error);
  }
  return file;
}

/**
 * The file of an outbox that is there already; undefined where there is none. Throws `CRMConfigError` when there is
 * something that is not ours or is newer than we are, or that cannot be read. Changes nothing and makes nothing.
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
 * Makes a file if it is missing, and closes it to others; not what a link points to. SQLite gives its further files the mode of
 * this one.
 */
export function makePrivateFile(file: string): void {
  const descriptor = openSync(file, appendingNoLink, 0o600);
  try {
    fchmodSync(descriptor, 0o600);
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
    // Another process that starts may have made it in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      refuse('cannot be made; check the owner and mode of the directory above', error);
  }
  return lstatSync(directory);
}

/** Its owner can change what is sent, whatever its mode. Root could read it all the same, and is told instead. */
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
 * Who besides the user of this process may change an outbox, and what to do about it; undefined where nobody may. Asked
 * once its file is there and everything that this process may close to others is closed.
 *
 * It is no reason to refuse: a container's volume is often root's, or everybody's, and nobody else is in the container.
 */
export function outboxExposure(directory: string, file: string): string | undefined {
  const user = process.geteuid?.();
  // Windows has other owners and no modes.
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
  // Only root gets as far as this with a file of another's.
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
