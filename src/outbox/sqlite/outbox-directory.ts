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
import { applicationId } from './schema.js';

const fileName = 'outbox.db';

/**
 * Makes a directory fit to hold the outbox and answers the path of the file in it, which is made as well: 0600 in 0700,
 * since notifications are personal data. Throws `CRMConfigError` when the place cannot be used or holds something that
 * is not ours; nothing is changed then. It blocks, so that a mistake stops the app at its start.
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
  const file = join(realpathSync(directory), fileName);
  const foundFile = statOf(file);
  if (foundFile === undefined) {
    const isOurs = readdirSync(directory).length === 0;
    if (isOurs) chmodSync(directory, 0o700);
  } else if (!foundFile.isFile()) {
    refuse(`has a ${fileName} in it that is not a file`);
  } else {
    if (foundFile.size > 0) checkHeader(file);
    chmodSync(directory, 0o700);
    chmodSync(file, 0o600);
  }
  // SQLite gives its further files the mode of this one.
  closeSync(openSync(file, 'a', 0o600));
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

/** A SQLite file says so in its first 16 bytes, and whose it is at byte 68. */
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
}

function refuse(problem: string, cause?: unknown): never {
  const message = `${problem}. The outbox needs a directory of its own on a local disk`;
  throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
