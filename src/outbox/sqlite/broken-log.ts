import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import {
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
/** Another process may be beginning the log anew. */
const secondLookMs = 20;

/**
 * Whether the log of an outbox has something behind a place that is broken: SQLite reads as far as that, and takes the rest for
 * what was never committed. What a kill leaves is no such place, since nothing that was committed is behind it.
 */
export function isLogBroken(file: string): boolean {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) < logHeaderSize + frameSize) return false;
  if (!withLog(file, 'r', hasLostFrames)) return false;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, secondLookMs);
  return withLog(file, 'r', hasLostFrames);
}

/** Makes the log of a copy one that SQLite reads to its end: with a header, and without the frames that are broken. */
export function closeUpLog(copy: string): void {
  withLog(copy, 'r+', (descriptor) => {
    const found = headerOf(descriptor);
    const header = found ?? makeHeader(descriptor);
    if (header === undefined) return;
    let { checksum } = header;
    let end = logHeaderSize;
    // Nothing says any more whether the first one is whole, without the header that was there.
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
 * Goes through the frames until `onFrame` returns false. One is whole if it has the log's salts, and the checksum that follows
 * from the one that the frame before has.
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

/** With the salts of the first frame that follows from the one before it. */
function makeHeader(descriptor: number): LogHeader | undefined {
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
