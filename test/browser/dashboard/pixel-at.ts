import { inflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';

/** Red, green and blue of one pixel of the window, as it is drawn. */
export async function pixelAt(page: Page, x: number, y: number): Promise<readonly number[]> {
  const png = await page.screenshot({ clip: { x, y, width: 1, height: 1 } });
  const pieces: Buffer[] = [];
  // After the signature: chunks, each with its length, its name, its data and a check sum.
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') pieces.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  // The first byte of a row says how it is filtered, which makes no difference to its first pixel.
  return [...inflateSync(Buffer.concat(pieces)).subarray(1, 4)];
}
