import { closeSync, fstatSync, openSync } from 'node:fs';
import { createNameCheck } from './file-identity.js';
import {
  checkTwice,
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
 * Checks whether what SQLite has written to its log is still there: a working connection reads from memory, and would not notice
 * a loss before the next start. It has a descriptor of its own; closing that drops no locks, because those are on other files.
 *
 * `isInPlace` and `isBroken` are called after each commit, and never stat the log: see `createNameCheck`.
 */
export interface LogWatch {
  /** Whether the log still has its name. */
  isInPlace(): boolean;
  /** Whether the log was truncated, or is another one. Costs a few small reads. */
  isBroken(): boolean;
  /** Whether anything was changed in the next part of it; each call continues where the last one ended. */
  isNextPartBroken(): boolean;
  /** Whether anything in it was changed; reads all of it. */
  isBrokenAnywhere(): boolean;
  close(): void;
}

const framesAtOnce = 256;
const zeros = Buffer.alloc(frameHeaderSize);
const lastByte = Buffer.alloc(1);
/** A log restarts less often between two checks, even if the process was stopped; the salts of other logs are random. */
const maxRestarts = 0x10_0000;

export function createLogWatch(file: string): LogWatch {
  const log = `${file}-wal`;
  const descriptor = openSync(log, 'r');
  const isInPlace = createNameCheck(log, descriptor);
  const headerBytes = Buffer.alloc(logHeaderSize);
  const frameBytes = Buffer.alloc(frameHeaderSize);
  const known = { header: Buffer.alloc(0), lastFrame: Buffer.alloc(frameHeaderSize) };
  let header: LogHeader | undefined;
  /** Where the committed frames end, as far as known. */
  let end = logHeaderSize;
  /** Up to here there may be frames of an incomplete transaction, until SQLite overwrites them. */
  let doubtfulTo = Infinity;
  /** How far the log has been scanned; offset 0 when all of it has. */
  const scan = { offset: 0, checksum: { s0: 0, s1: 0 }, stamp: '' };
  let isClosed = false;

  function adoptHeader(found: LogHeader, bytes: Buffer): void {
    // Frames from before the restart have other salts.
    if (header !== undefined) doubtfulTo = 0;
    header = found;
    known.header = Buffer.from(bytes);
    end = logHeaderSize;
    Object.assign(scan, { offset: 0, stamp: '' });
  }

  /** Whether the header is unchanged, or is one that SQLite would write next. */
  function isHeaderSound(): boolean {
    const bytes = readAt(descriptor, headerBytes, 0);
    if (bytes.equals(known.header)) return true;
    const found = bytes.length === logHeaderSize ? parseLogHeader(bytes) : undefined;
    if (found === undefined) return false;
    // SQLite makes a header anew as long as no frame follows it.
    if (header !== undefined && end > logHeaderSize && !isSuccessor(found, header)) return false;
    adoptHeader(found, bytes);
    return true;
  }

  /** Whether the last known frame is still there, and SQLite wrote what follows it. */
  function isTailSound(of: LogHeader): boolean {
    const { pageSize, salt1, salt2 } = of;
    const size = frameHeaderSize + pageSize;
    let before = end > logHeaderSize ? parseFrameHeader(known.lastFrame).checksum : of.checksum;
    if (end > logHeaderSize && !readAt(descriptor, frameBytes, end - size).equals(known.lastFrame)) return false;
    for (let offset = end; ; offset += size) {
      const bytes = readAt(descriptor, frameBytes, offset);
      if (bytes.length < frameHeaderSize) return true;
      const frame = parseFrameHeader(bytes);
      // A frame from before the log restarted. Zeros are what is left when SQLite writes on after a truncation.
      if (frame.salt1 !== salt1 || frame.salt2 !== salt2) return !bytes.equals(zeros);
      if (offset < doubtfulTo && !isWholeAt(offset, before, of)) return true;
      before = frame.checksum;
      if (!frame.isCommit) continue;
      // The page is written after the header.
      if (readAt(descriptor, lastByte, offset + size - 1).length === 0) return true;
      bytes.copy(known.lastFrame);
      end = offset + size;
    }
  }

  /** Whether there is a whole frame, which follows the one with this checksum. */
  function isWholeAt(offset: number, before: Checksum, of: LogHeader): boolean {
    const frame = readAt(descriptor, Buffer.alloc(frameHeaderSize + of.pageSize), offset);
    if (frame.length < frameHeaderSize + of.pageSize) return false;
    return isEqual(checksumOfFrame(frame, 0, before, of), parseFrameHeader(frame).checksum);
  }

  function looksBroken(): boolean {
    if (!isHeaderSound()) return true;
    return header !== undefined && !isTailSound(header);
  }

  /** Scans the next part of the log; once something was written, the scan starts over. */
  function looksBrokenInNextPart(): boolean {
    if (looksBroken()) return true;
    if (header === undefined) return false;
    if (scan.offset === 0) {
      const { mtimeMs, size } = fstatSync(descriptor);
      const stamp = `${String(mtimeMs)} ${String(size)}`;
      if (stamp === scan.stamp) return false;
      Object.assign(scan, { offset: logHeaderSize, checksum: header.checksum, stamp });
    }
    return !isChainSound(header);
  }

  function looksBrokenAnywhere(): boolean {
    Object.assign(scan, { offset: 0, stamp: '' });
    do {
      if (looksBrokenInNextPart()) return true;
    } while (scan.offset > 0);
    return false;
  }

  function isChainSound(of: LogHeader): boolean {
    const size = frameHeaderSize + of.pageSize;
    const length = Math.min(end - scan.offset, framesAtOnce * size);
    const bytes = readAt(descriptor, Buffer.allocUnsafe(length), scan.offset);
    if (bytes.length < length) return false;
    let checksum: Checksum = scan.checksum;
    for (let at = 0; at < length; at += size) {
      checksum = checksumOfFrame(bytes, at, checksum, of);
      if (!isEqual(parseFrameHeader(bytes, at).checksum, checksum)) return false;
    }
    scan.checksum = checksum;
    scan.offset += length;
    // The next scan starts at the front, once something is written.
    if (scan.offset >= end) scan.offset = 0;
    return true;
  }

  const watch: LogWatch = {
    isInPlace,
    isBroken: () => checkTwice(looksBroken),
    isNextPartBroken: () => checkTwice(looksBrokenInNextPart),
    isBrokenAnywhere: () => checkTwice(looksBrokenAnywhere),
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

/** Each restart of the log increases its first salt by one. */
function isSuccessor(next: LogHeader, before: LogHeader): boolean {
  const restarts = (next.salt1 - before.salt1) >>> 0;
  return restarts > 0 && restarts <= maxRestarts;
}
