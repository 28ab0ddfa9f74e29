import { crc32 } from 'node:zlib';

/** A picture in a rectangle of the animation, drawn over what is there. */
export interface AnimationFrame {
  /** Its rows from top to bottom, each a zero and then four bytes for each pixel: red, green, blue, alpha. Compressed with zlib. */
  readonly rows: Buffer;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly durationMs: number;
}

/**
 * Puts frames together to an animation that repeats forever, of the size of the first frame, which stays below the others:
 * https://www.w3.org/TR/png-3/
 *
 * @throws if there is no frame.
 */
export function animatedPng([first, ...others]: readonly AnimationFrame[]): Buffer {
  if (first === undefined)
    throw new Error('There is no frame: film for longer, or something that is not all transparent.');
  const bitDepth = 8;
  const withAlpha = 6;
  const forever = 0;
  let sequence = 0;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', numbers(first.width, first.height), Buffer.from([bitDepth, withAlpha, 0, 0, 0])),
    chunk('acTL', numbers(1 + others.length, forever)),
    frameControl(sequence++, first),
    chunk('IDAT', first.rows),
    ...others.flatMap((frame) => [frameControl(sequence++, frame), chunk('fdAT', numbers(sequence++), frame.rows)]),
    chunk('IEND'),
  ]);
}

function frameControl(sequence: number, { width, height, x, y, durationMs }: AnimationFrame): Buffer {
  const keep = 0;
  const drawOver = 1;
  const duration = Buffer.alloc(4);
  duration.writeUInt16BE(durationMs);
  duration.writeUInt16BE(1_000, 2);
  return chunk('fcTL', numbers(sequence, width, height, x, y), duration, Buffer.from([keep, drawOver]));
}

function chunk(name: string, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat([Buffer.from(name), ...parts]);
  return Buffer.concat([numbers(content.length - name.length), content, numbers(crc32(content))]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}
