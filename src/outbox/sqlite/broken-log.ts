import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import {
  checkTwice,
  checksumOfFrame,
  frameHeaderSize,
  isEqual,
  logHeaderFor,
  logHeaderSize,
  parseFrameHeader,
  parseLogHeader,
  readAt,
  writeChecksum,
  type Checksum,
  type LogHeader,
} from './log-frames.js';

const pageSize = 4096;
const frameSize = frameHeaderSize + pageSize;

/**
 * Whether the log of an outbox has committed frames after a broken place: SQLite reads only up to that place, and takes the rest
 * for uncommitted. A kill does not break a log in this sense, because nothing committed follows the place where it ends.
 */
export function isLogBroken(file: string): boolean {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) < logHeaderSize + frameSize) return false;
  return checkTwice(() => withLog(file, 'r', hasLostFrames));
}

/** Makes SQLite read a copy's log to its end: restores a lost header, and removes broken frames. */
export function removeBrokenFrames(copy: string): void {
  withLog(copy, 'r+', (descriptor) => {
    const found = headerOf(descriptor);
    const header = found ?? restoreHeader(descriptor);
    if (header === undefined) return;
    let { checksum } = header;
    let end = logHeaderSize;
    // Without the original header, nothing shows whether the first frame is whole.
    eachFrame(descriptor, header, found?.checksum, (frame, isWhole) => {
      if (!isWhole) return true;
      checksum = checksumOfFrame(frame, 0, checksum, header);
      writeChecksum(frame, frameHeaderSize - 8, checksum);
      writeSync(descriptor, frame, 0, frameSize, end);
      end += frameSize;
      return true;
    });
    ftruncateSync(descriptor, end);
  });
}

function hasLostFrames(descriptor: number): boolean {
  const header = headerOf(descriptor);
  if (header === undefined) return true;
  let isBroken = false;
  let isLost = false;
  eachFrame(descriptor, header, header.checksum, (frame, isWhole) => {
    isLost = isBroken && isWhole && parseFrameHeader(frame).isCommit;
    isBroken ||= !isWhole;
    return !isLost;
  });
  return isLost;
}

/**
 * Goes through the frames until `onFrame` returns false. A frame is whole if it has the log's salts, and the checksum that
 * follows from that of the frame before.
 */
function eachFrame(
  descriptor: number,
  header: LogHeader,
  first: Checksum | undefined,
  onFrame: (frame: Buffer, isWhole: boolean) => boolean,
): void {
  const buffer = Buffer.alloc(frameSize);
  let before = first;
  for (let offset = logHeaderSize; ; offset += frameSize) {
    const frame = readAt(descriptor, buffer, offset);
    if (frame.length < frameSize) return;
    const { salt1, salt2, checksum } = parseFrameHeader(frame);
    const isOfLog = salt1 === header.salt1 && salt2 === header.salt2;
    const follows = before === undefined || isEqual(checksumOfFrame(frame, 0, before, header), checksum);
    before = checksum;
    if (!onFrame(frame, isOfLog && follows)) return;
  }
}

function headerOf(descriptor: number): LogHeader | undefined {
  const bytes = readAt(descriptor, Buffer.alloc(logHeaderSize), 0);
  const header = bytes.length === logHeaderSize ? parseLogHeader(bytes) : undefined;
  return header?.pageSize === pageSize ? header : undefined;
}

/** Writes a header with the salts of the first frame that follows from the one before it; undefined if there is none. */
function restoreHeader(descriptor: number): LogHeader | undefined {
  const like = { isLittleEndian: true, pageSize };
  const buffer = Buffer.alloc(frameSize);
  let before: Checksum | undefined;
  for (let offset = logHeaderSize; ; offset += frameSize) {
    const frame = readAt(descriptor, buffer, offset);
    if (frame.length < frameSize) return undefined;
    const found = parseFrameHeader(frame);
    if (before !== undefined && isEqual(checksumOfFrame(frame, 0, before, like), found.checksum)) {
      const bytes = logHeaderFor(found, pageSize);
      writeSync(descriptor, bytes, 0, logHeaderSize, 0);
      return parseLogHeader(bytes);
    }
    before = found.checksum;
  }
}

function withLog<Result>(file: string, flags: 'r' | 'r+', work: (descriptor: number) => Result): Result {
  const descriptor = openSync(`${file}-wal`, flags);
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
