import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { DashboardResponse } from './response.js';

const compressBody = promisify(gzip);
/** Less is not worth it. */
const minBytes = 1_024;

/** The page's files are the same bytes each time, and are compressed once. */
const known = new WeakMap<Buffer, Promise<Buffer>>();

/** The response as this client takes it: compressed if it says so (RFC 9110 section 12.5.3) and that pays. */
export async function compressFor(req: IncomingMessage, response: DashboardResponse): Promise<DashboardResponse> {
  const { headers, body } = response;
  if (body.byteLength < minBytes) return response;
  const varying = { ...response, headers: { ...headers, vary: 'accept-encoding' } };
  if (!takesGzip(req.headers['accept-encoding'])) return varying;
  const compressing = known.get(body) ?? compressBody(body);
  known.set(body, compressing);
  return { ...varying, headers: { ...varying.headers, 'content-encoding': 'gzip' }, body: await compressing };
}

/** Whether a list such as `gzip, deflate, br;q=0.9` has it, and not with a weight of 0. */
function takesGzip(accepted: string | string[] | undefined): boolean {
  const codings = String(accepted ?? '').split(',');
  return codings.some((coding) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+)?\s*$/i.test(coding));
}
