import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CRMConfigError } from '../../core/errors.js';
import { applicationId, refuseNewerSchema } from './schema.js';

const fileName = 'outbox.db';

/**
 * Makes the directory of an outbox if it is missing, and answers its real path. Throws `CRMConfigError` when the place
 * cannot be used; nothing is changed then. It blocks, so that a mistake stops the app at its start.
 */
export function prepareOutboxDirectory(path: string): string {
  const directory = resolve(path);
  const found = statOf(directory);
  if (found === undefined) makeDirectory(directory);
  else if (found.isSymbolicLink()) refuse('is a symbolic link; give the directory itself');
  else if (!found.isDirectory()) refuse('is not a directory');
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
    if (found !== undefined && found.size > 0) checkHeader(file);
    // A directory that holds other things as well is not ours to close to others.
    if (readdirSync(directory).every((name) => name.startsWith(fileName))) chmodSync(directory, 0o700);
    // SQLite gives its further files the mode of this one.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  } catch (error) {
    if (error instanceof CRMConfigError) throw error;
    refuse('cannot be kept from others (0700); give one that belongs to the user who runs the app', error);
  }
  return file;
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return refuse('cannot be looked at', error);
  }
}

function makeDirectory(directory: string): void {
  if (statOf(dirname(directory)) === undefined)
    refuse(`lies in ${dirname(directory)}, which does not exist; make that first`);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    refuse('cannot be made; check the owner and mode of the directory above', error);
  }
}

/** An SQLite file says so in its first 16 bytes, the version of its tables at byte 60, and whose it is at byte 68. */
function checkHeader(file: string): void {
  const header = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    refuse(`has a ${fileName} in it that is not an SQLite file`);
  if (header.readUInt32BE(68) !== applicationId) refuse(`has a ${fileName} in it that belongs to another application`);
  refuseNewerSchema(header.readUInt32BE(60));
}

function refuse(problem: string, cause?: unknown): never {
  const message = `${problem}. The outbox needs a directory of its own on a local disk`;
  throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
