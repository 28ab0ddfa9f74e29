import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { CRMConfigError } from '../core/errors.js';
import type { Answer } from './answer.js';

/** Answers for the files of the page, by the path that asks for them. */
export type PageAssets = ReadonlyMap<string, (req: IncomingMessage) => Answer>;

const files = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/dashboard.js', file: 'dashboard.js', type: 'text/javascript; charset=utf-8' },
  { path: '/dashboard.css', file: 'dashboard.css', type: 'text/css; charset=utf-8' },
  { path: '/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
];

/** Reads them once. Throws `CRMConfigError` when they are not there, as in an app that is bundled into one file. */
export function readPageAssets(directory = besideTheCode()): PageAssets {
  return new Map(
    files.map(({ path, file, type }) => {
      const body = read(directory, file);
      return [path, path === '/' ? pageAnswer(body, type) : assetAnswer(body, type)];
    }),
  );
}

function pageAnswer(body: Buffer, type: string): () => Answer {
  const answer = { status: 200, headers: { 'content-type': type, 'cache-control': 'no-store' }, body };
  return () => answer;
}

/** Kept by the browser of whoever may see it, and asked for again each time: an upgrade is seen at once. */
function assetAnswer(body: Buffer, type: string): (req: IncomingMessage) => Answer {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const caching = { 'cache-control': 'private, no-cache', etag };
  const whole = { status: 200, headers: { ...caching, 'content-type': type }, body };
  const unchanged = { status: 304, headers: caching, body: Buffer.alloc(0) };
  // A proxy that compresses makes the tag a weak one.
  return (req) => (req.headers['if-none-match']?.replace(/^W\//, '') === etag ? unchanged : whole);
}

function besideTheCode(): string {
  return join(__dirname, '../../dashboard');
}

function read(directory: string, file: string): Buffer {
  try {
    return readFileSync(join(directory, file));
  } catch (cause) {
    const message = `the page's file ${file} is not beside the code; keep express-crm-notifier out of your app's bundle`;
    throw new CRMConfigError([{ path: '', message }], { cause });
  }
}
