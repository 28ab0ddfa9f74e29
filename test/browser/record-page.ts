import type { Page } from 'playwright-core';
import { animatedPng, type AnimationFrame } from './animated-png.js';

interface Shot {
  /** A PNG, in base64. */
  readonly png: string;
  readonly atMs: number;
}

const FRAME_MS = 80;
/** How long the last picture stays before the animation begins again. */
const LAST_FRAME_MS = 3_000;

/** Films the page until the function that it returns is called, which returns an animated PNG. */
export async function recordPage(page: Page): Promise<() => Promise<Buffer>> {
  const takeShot = async (): Promise<Shot> => ({
    png: (await page.screenshot()).toString('base64'),
    atMs: Date.now(),
  });
  // Chromium sends a picture whenever it has drawn one: the first and the last are asked for.
  const shots = [await takeShot()];
  const session = await page.context().newCDPSession(page);
  session.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
    shots.push({ png: data, atMs: (metadata.timestamp ?? 0) * 1_000 });
    // Fails only if the page is closed meanwhile, and then no more frames are wanted.
    session.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
  });
  await session.send('Page.startScreencast', { format: 'png' });
  return async () => {
    await session.send('Page.stopScreencast');
    await session.detach();
    return encode(page, evenlySpaced([...shots, await takeShot()]));
  };
}

/**
 * The first shot, and of those in the time of each further frame the last. They may have come in another order than they were
 * taken in.
 */
function evenlySpaced(shots: readonly Shot[]): Shot[] {
  const [first, ...others] = shots.toSorted((a, b) => a.atMs - b.atMs);
  if (first === undefined) return [];
  const byTick = new Map(others.map((shot) => [Math.max(1, Math.floor((shot.atMs - first.atMs) / FRAME_MS)), shot]));
  return [{ png: first.png, atMs: 0 }, ...[...byTick].map(([tick, { png }]) => ({ png, atMs: tick * FRAME_MS }))];
}

/** In a page of its own, so that the browser does all that has to do with pixels. */
async function encode(page: Page, shots: readonly Shot[]): Promise<Buffer> {
  const encoder = await page.context().newPage();
  const frames: AnimationFrame[] = [];
  for (const [index, { png, atMs }] of shots.entries()) {
    const change = await encoder.evaluate(changeSince, png);
    const next = shots[index + 1];
    const durationMs = next === undefined ? LAST_FRAME_MS : next.atMs - atMs;
    if (change !== undefined) frames.push({ ...change, rows: Buffer.from(change.rows, 'base64'), durationMs });
    else lengthenLast(frames, durationMs);
  }
  await encoder.close();
  return animatedPng(frames);
}

function lengthenLast(frames: AnimationFrame[], ms: number): void {
  const last = frames.pop();
  if (last !== undefined) frames.push({ ...last, durationMs: last.durationMs + ms });
}

interface Change extends Omit<AnimationFrame, 'rows' | 'durationMs'> {
  /** In base64. */
  readonly rows: string;
}

/** Runs in the browser: what has changed since the picture before, transparent where nothing has. */
async function changeSince(png: string): Promise<Change | undefined> {
  const state = window as unknown as { before?: Uint32Array };
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (char) => char.charCodeAt(0))]));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const { before = new Uint32Array(pixels.length) } = state;
  state.before = pixels;
  const changed = pixels.map((pixel, index) => (pixel === before[index] ? 0 : pixel));
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const [index, pixel] of changed.entries()) {
    if (pixel === 0) continue;
    const [x, y] = [index % width, Math.floor(index / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
  }
  if (left >= right) return undefined;

  const rowSize = 1 + 4 * (right - left);
  const rows = new Uint8Array(rowSize * (bottom - top));
  for (let y = top; y < bottom; y += 1) {
    const row = changed.slice(y * width + left, y * width + right);
    rows.set(new Uint8Array(row.buffer), rowSize * (y - top) + 1);
  }
  const compressed = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const bytes = new Uint8Array(await new Response(compressed).arrayBuffer());
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return { rows: base64, x: left, y: top, width: right - left, height: bottom - top };
}
