import { closeSync, fstatSync, openSync } from 'node:fs';
import { createPlaceOf } from './file-identity.js';
import {
  checksumOfFrame,
  frameHeaderSize,
  isEqual,
  logHeaderSize,
  parseFrameHeader,
  parseLogHeader,
  readAt,
  type Checksum,
  type LogHeader,
} from './log-frames.js';

/**
 * Looks whether what SQLite has written to its log is still there: a connection at work reads from its memory, and would not
 * notice before the next start. It has a descriptor of its own, which takes no locks along: those are on the other files.
 *
 * `isInPlace` and `isBroken` are asked after each commit, and never stat the log: see `createPlaceOf`.
 */
export interface LogWatch {
  /** Whether it still has its name. */
  isInPlace(): boolean;
  /** Whether the log was cut, or is another one. A few small reads. */
  isBroken(): boolean;
  /** Whether something in it was changed, of as much of it as is read at a time; the next call goes on from there. */
  isBrokenWithin(): boolean;
  /** Whether anything in it was changed; reads it all. */
  isBrokenAnywhere(): boolean;
  close(): void;
}

const framesAtOnce = 256;
const hole = Buffer.alloc(frameHeaderSize);
const lastByte = Buffer.alloc(1);
/** More often it has not begun anew between two looks, even if the process was stopped in between; other salts are random. */
const mostTimes = 0x10_0000;
/** Another process may be in the middle of writing. */
const secondLookMs = 20;

export function createLogWatch(file: string): LogWatch {
  const log = `${file}-wal`;
  const descriptor = openSync(log, 'r');
  const isInPlace = createPlaceOf(log, descriptor);
  const headerBytes = Buffer.alloc(logHeaderSize);
  const frameBytes = Buffer.alloc(frameHeaderSize);
  const known = { header: Buffer.alloc(0), lastFrame: Buffer.alloc(frameHeaderSize) };
  let header: LogHeader | undefined;
  /** Where what is committed ends, as far as is known. */
  let end = logHeaderSize;
  /** Up to here there may be frames of a transaction that never was whole, until SQLite writes over them. */
  let doubtfulTo = Infinity;
  /** How far it was read through; 0 when that is done. */
  const through = { offset: 0, checksum: { s0: 0, s1: 0 }, stamp: '' };
  let isClosed = false;

  function begin(found: LogHeader, bytes: Buffer): void {
    // What is left of the time before has other salts.
    if (header !== undefined) doubtfulTo = 0;
    header = found;
    known.header = Buffer.from(bytes);
    end = logHeaderSize;
    Object.assign(through, { offset: 0, stamp: '' });
  }

  /** The header is as it was, or as SQLite makes the next one. */
  function isHeaderSound(): boolean {
    const bytes = readAt(descriptor, headerBytes, 0);
    if (bytes.equals(known.header)) return true;
    const found = bytes.length === logHeaderSize ? parseLogHeader(bytes) : undefined;
    if (found === undefined) return false;
    // One that nothing has followed yet is made anew.
    if (header !== undefined && end > logHeaderSize && !isSuccessor(found, header)) return false;
    begin(found, bytes);
    return true;
  }

  /** The last frame that was known is still there, and what follows it was written by SQLite. */
  function isTailSound(of: LogHeader): boolean {
    const { pageSize, salt1, salt2 } = of;
    const size = frameHeaderSize + pageSize;
    let before = end > logHeaderSize ? parseFrameHeader(known.lastFrame).checksum : of.checksum;
    if (end > logHeaderSize && !readAt(descriptor, frameBytes, end - size).equals(known.lastFrame)) return false;
    for (let offset = end; ; offset += size) {
      const bytes = readAt(descriptor, frameBytes, offset);
      if (bytes.length < frameHeaderSize) return true;
      const frame = parseFrameHeader(bytes);
      // What is left of a time before the log began anew. Nothing at all is what a cut leaves that SQLite wrote on.
      if (frame.salt1 !== salt1 || frame.salt2 !== salt2) return !bytes.equals(hole);
      if (offset < doubtfulTo && !isWholeAt(offset, before, of)) return true;
      before = frame.checksum;
      if (!frame.isCommit) continue;
      // Its page comes after its header.
      if (readAt(descriptor, lastByte, offset + size - 1).length === 0) return true;
      bytes.copy(known.lastFrame);
      end = offset + size;
    }
  }

  /** Whether a whole frame is there, which follows the one with this checksum. */
  function isWholeAt(offset: number, before: Checksum, of: LogHeader): boolean {
    const frame = readAt(descriptor, Buffer.alloc(frameHeaderSize + of.pageSize), offset);
    if (frame.length < frameHeaderSize + of.pageSize) return false;
    return isEqual(checksumOfFrame(frame, 0, before, of), parseFrameHeader(frame).checksum);
  }

  function looksBroken(): boolean {
    if (!isHeaderSound()) return true;
    return header !== undefined && !isTailSound(header);
  }

  /** Reads on through the log, from where it was left off; what was read is read anew once something was written. */
  function looksBrokenWithin(): boolean {
    if (looksBroken()) return true;
    if (header === undefined) return false;
    if (through.offset === 0) {
      const { mtimeMs, size } = fstatSync(descriptor);
      const stamp = `${String(mtimeMs)} ${String(size)}`;
      if (stamp === through.stamp) return false;
      Object.assign(through, { offset: logHeaderSize, checksum: header.checksum, stamp });
    }
    return !isChainSound(header);
  }

  function looksBrokenAnywhere(): boolean {
    Object.assign(through, { offset: 0, stamp: '' });
    do {
      if (looksBrokenWithin()) return true;
    } while (through.offset > 0);
    return false;
  }

  function isChainSound(of: LogHeader): boolean {
    const size = frameHeaderSize + of.pageSize;
    const length = Math.min(end - through.offset, framesAtOnce * size);
    const bytes = readAt(descriptor, Buffer.allocUnsafe(length), through.offset);
    if (bytes.length < length) return false;
    let checksum: Checksum = through.checksum;
    for (let at = 0; at < length; at += size) {
      checksum = checksumOfFrame(bytes, at, checksum, of);
      if (!isEqual(parseFrameHeader(bytes, at).checksum, checksum)) return false;
    }
    through.checksum = checksum;
    through.offset += length;
    // From the front again, should anything be written meanwhile.
    if (through.offset >= end) through.offset = 0;
    return true;
  }

  const twice = (look: () => boolean): boolean => {
    if (!look()) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, secondLookMs);
    return look();
  };

  const watch: LogWatch = {
    isInPlace,
    isBroken: () => twice(looksBroken),
    isBrokenWithin: () => twice(looksBrokenWithin),
    isBrokenAnywhere: () => twice(looksBrokenAnywhere),
    close() {
      if (isClosed) return;
      isClosed = true;
      closeSync(descriptor);
    },
  };
  watch.isBroken();
  const { size } = fstatSync(descriptor);
  doubtfulTo = size > end ? size : 0;
  return watch;
}

/** Each time that the log begins anew, its first salt grows by one. */
function isSuccessor(next: LogHeader, before: LogHeader): boolean {
  const times = (next.salt1 - before.salt1) >>> 0;
  return times > 0 && times <= mostTimes;
}
