import { readSync } from 'node:fs';

// https://www.sqlite.org/fileformat.html section 4.1
export const logHeaderSize = 32;
export const frameHeaderSize = 24;
const magic = 0x377f0682;
const formatVersion = 3_007_000;

/** The header of a log. Every valid frame has its salts, and the checksums of the frames continue from its checksum. */
export interface LogHeader {
  readonly pageSize: number;
  /** Grows by one each time the log restarts. */
  readonly salt1: number;
  /** Random each time. */
  readonly salt2: number;
  readonly checksum: Checksum;
  /** The byte order in which its checksums read the words of a page. */
  readonly isLittleEndian: boolean;
}

export interface Checksum {
  readonly s0: number;
  readonly s1: number;
}

export interface FrameHeader {
  readonly salt1: number;
  readonly salt2: number;
  /** Whether a transaction ends with it. */
  readonly isCommit: boolean;
  readonly checksum: Checksum;
}

/** Parses the header of a log; undefined if it is not valid. */
export function parseLogHeader(bytes: Buffer): LogHeader | undefined {
  const found = bytes.readUInt32BE(0);
  const isLittleEndian = found === magic;
  if (!isLittleEndian && found !== magic + 1) return undefined;
  const pageSize = bytes.readUInt32BE(8);
  const checksum = { s0: bytes.readUInt32BE(24), s1: bytes.readUInt32BE(28) };
  if (!isEqual(checksumOf(bytes, 0, 24, { s0: 0, s1: 0 }, isLittleEndian), checksum)) return undefined;
  const [salt1, salt2] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  return { pageSize, salt1, salt2, checksum, isLittleEndian };
}

export function parseFrameHeader(bytes: Buffer, at = 0): FrameHeader {
  return {
    isCommit: bytes.readUInt32BE(at + 4) !== 0,
    salt1: bytes.readUInt32BE(at + 8),
    salt2: bytes.readUInt32BE(at + 12),
    checksum: { s0: bytes.readUInt32BE(at + 16), s1: bytes.readUInt32BE(at + 20) },
  };
}

/** What the checksum of a frame should be, given that of the frame before it. */
export function checksumOfFrame(
  bytes: Buffer,
  at: number,
  before: Checksum,
  { isLittleEndian, pageSize }: Pick<LogHeader, 'isLittleEndian' | 'pageSize'>,
): Checksum {
  const ofHeader = checksumOf(bytes, at, 8, before, isLittleEndian);
  return checksumOf(bytes, at + frameHeaderSize, pageSize, ofHeader, isLittleEndian);
}

/** The bytes of a header for frames whose own header is lost; the frames contain their salts. */
export function logHeaderFor({ salt1, salt2 }: FrameHeader, pageSize: number): Buffer {
  const bytes = Buffer.alloc(logHeaderSize);
  [magic, formatVersion, pageSize, 0, salt1, salt2].forEach((word, index) => bytes.writeUInt32BE(word, 4 * index));
  writeChecksum(bytes, 24, checksumOf(bytes, 0, 24, { s0: 0, s1: 0 }, true));
  return bytes;
}

export function writeChecksum(bytes: Buffer, at: number, { s0, s1 }: Checksum): void {
  bytes.writeUInt32BE(s0, at);
  bytes.writeUInt32BE(s1, at + 4);
}

export function isEqual(one: Checksum, other: Checksum): boolean {
  return one.s0 === other.s0 && one.s1 === other.s1;
}

/** Reads as many bytes as `bytes` can hold, or as many as there are. */
export function readAt(descriptor: number, bytes: Buffer, position: number): Buffer {
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, position));
}

function checksumOf(bytes: Buffer, at: number, length: number, before: Checksum, isLittleEndian: boolean): Checksum {
  const words = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  let { s0, s1 } = before;
  for (let offset = 0; offset < length; offset += 8) {
    s0 = (s0 + words.getUint32(offset, isLittleEndian) + s1) >>> 0;
    s1 = (s1 + words.getUint32(offset + 4, isLittleEndian) + s0) >>> 0;
  }
  return { s0, s1 };
}

/** Another process may be writing at this moment. */
const recheckAfterMs = 20;

/** Whether a check finds something both now and a moment later. */
export function checkTwice(check: () => boolean): boolean {
  if (!check()) return false;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, recheckAfterMs);
  return check();
}
