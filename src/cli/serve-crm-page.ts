import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isOwnHost } from '../core/own-host.js';
import { pageHeaders } from '../core/page-headers.js';
import type { Arrivals, ArrivalsUpdate } from './crm-arrivals.js';

/** Made by .ci/bundle-pages.mjs, with its script and its style within. */
const pageFile = join(__dirname, '../../crm-page/index.html');

/**
 * Returns what responds to the requests of a browser that shows the page of `crm-notifier crm`, and only to these: `GET /` gets
 * the page, `GET /arrivals` what the page does not have yet.
 */
export function createPageServer(
  arrivals: Arrivals,
  fault: () => string,
): (req: IncomingMessage, res: ServerResponse) => boolean {
  const page = readFileSync(pageFile, 'utf8');
  const headers = headersFor(page);
  const send = (res: ServerResponse, type: string, body: string): true => {
    res.writeHead(200, { ...headers, 'content-type': type }).end(body);
    return true;
  };
  return (req, res) => {
    if (req.method !== 'GET' || !isOwnHost(req)) return false;
    const [path, query] = (req.url ?? '/').split('?', 2);
    if (path === '/') return send(res, 'text/html; charset=utf-8', page);
    if (path !== '/arrivals') return false;
    const asked = new URLSearchParams(query);
    const news = arrivals.since(Number(asked.get('run')), Number(asked.get('seen')));
    const update: ArrivalsUpdate = { ...news, fault: fault() };
    return send(res, 'application/json', JSON.stringify(update));
  };
}

/** The page's script and style may run, by their hashes; nothing else may. */
function headersFor(page: string): Readonly<Record<string, string>> {
  const sources = { script: hashOf(page, 'script'), style: hashOf(page, 'style'), image: 'data:' };
  return { ...pageHeaders(sources), 'cache-control': 'no-store' };
}

function hashOf(page: string, tag: 'script' | 'style'): string {
  const [, content = ''] = new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 's').exec(page) ?? [];
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}
