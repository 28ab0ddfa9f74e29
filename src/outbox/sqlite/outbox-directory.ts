import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CRMConfigError } from '../../core/errors.js';
import { accessProblem, ownerText, shellWord } from './access-problem.js';
import { type FileHeader, readFileHeader } from './file-header.js';
import { isOwnGitignore, keepOutOfGit } from './own-gitignore.js';
import { refuseNewerSchema } from './schema.js';

const fileName = 'outbox.db';
const { O_APPEND, O_CREAT, O_WRONLY } = constants;
// Windows does not have `O_NOFOLLOW`.
const appendingNoLink = O_APPEND | O_CREAT | O_WRONLY | ((constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0);

/**
 * Creates the directory of an outbox if it is missing, with those above it, and returns its real path. Throws `CRMConfigError`
 * when the path cannot be used; nothing is changed then. It is synchronous, so that a mistake stops the app at its start.
 */
export function prepareOutboxDirectory(path: string): string {
  const directory = resolve(path);
  const found = statOf(directory) ?? makeDirectory(directory);
  refuseNoDirectory(directory, found);
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    refuse(accessProblem(directory, error), error);
  }
  return realpathSync(directory);
}

/**
 * Makes the directory of an outbox, closed to others and to Git, and those above it, as open as any; unless another process was
 * faster.
 */
export function makeOutboxDirectory(directory: string): void {
  // Node's permission model refuses to make even one that is there.
  if (!existsSync(dirname(directory))) mkdirSync(dirname(directory), { recursive: true });
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return;
  }
  keepOutOfGit(directory);
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
  if (found !== undefined) {
    refuseNoFile(file, found);
    refuseFileOfAnother(file, found);
    refuseWhatIsNotOurs(file);
  }
  // If the directory also holds other things, neither its mode nor what Git does with it is ours to change.
  if (namesIn(directory).every((name) => name.startsWith(fileName) || isOwnGitignore(directory, name))) {
    keepFromOthers(directory);
    keepOutOfGit(directory);
  }
  try {
    makePrivateFile(file);
  } catch (error) {
    refuse(accessProblem(file, error), error);
  }
  return file;
}

/**
 * The path of an existing outbox file; undefined if there is none. Throws `CRMConfigError` when a file there is not ours, is of
 * a newer version or cannot be read. Changes and creates nothing.
 */
export function findOutboxFile(path: string): string | undefined {
  const directory = resolve(path);
  const found = statOf(directory, readingAdvice);
  if (found === undefined) return undefined;
  refuseNoDirectory(directory, found);
  const file = join(directory, fileName);
  const foundFile = statOf(file, readingAdvice);
  if (foundFile === undefined) return undefined;
  refuseNoFile(file, foundFile);
  refuseWhatIsNotOurs(file, readingAdvice);
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

const readingAdvice = 'Run this as the user who runs the app';

function statOf(path: string, advice?: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return refuse(accessProblem(path, error, advice), error);
  }
}

function makeDirectory(directory: string): Stats {
  try {
    makeOutboxDirectory(directory);
  } catch (error) {
    refuse(accessProblem(directory, error), error);
  }
  return lstatSync(directory);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    return refuse(accessProblem(directory, error), error);
  }
}

function keepFromOthers(directory: string): void {
  try {
    chmodSync(directory, 0o700);
  } catch (error) {
    const facts = `it ${ownerText(lstatSync(directory))}, and this process is user ${String(process.geteuid?.())}`;
    const fix = `Give one inside it, such as ${join(directory, 'crm-outbox')}, or one that belongs to the user who runs the app`;
    refuse(`${directory} cannot be kept from others (mode 0700): ${facts}. ${fix}`, error);
  }
}

function refuseNoDirectory(directory: string, found: Stats): void {
  if (found.isSymbolicLink()) refuse(`${directory} is a symbolic link; give the directory itself`);
  if (!found.isDirectory()) refuse(`${directory} is not a directory`);
}

function refuseNoFile(file: string, found: Stats): void {
  if (!found.isFile()) refuse(`${dirname(file)} has an ${fileName} in it that is not a file`);
}

/** A file's owner can change what is sent, whatever its mode. Root is not refused but warned; see `outboxExposure`. */
function refuseFileOfAnother(file: string, { uid }: Stats): void {
  const user = process.geteuid?.();
  if (user === undefined || user === 0 || uid === user) return;
  const directory = dirname(file);
  const owner = `user ${String(uid)}, and this is user ${String(user)}`;
  const fix = `give one that belongs to the user who runs the app, or as root, run: chown ${String(user)}`;
  refuse(`${directory} has an ${fileName} in it that belongs to ${owner}; ${fix} ${shellWord(directory)}/${fileName}*`);
}

function refuseWhatIsNotOurs(file: string, advice?: string): void {
  const header = headerOf(file, advice);
  if (header.kind === 'outbox') refuseNewerSchema(header.schemaVersion);
  if (header.kind !== 'foreign') return;
  const what = header.isSqlite ? 'belongs to another application' : 'is not an SQLite file';
  refuse(`${dirname(file)} has an ${fileName} in it that ${what}`);
}

function headerOf(file: string, advice: string | undefined): FileHeader {
  try {
    return readFileHeader(file);
  } catch (error) {
    return refuse(accessProblem(file, error, advice), error);
  }
}

function refuse(problem: string, cause?: unknown): never {
  const message = `${problem}. The outbox needs a directory of its own on a local disk`;
  throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
