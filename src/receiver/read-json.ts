import type { IncomingMessage } from 'node:http';
import { TextDecoder } from 'node:util';
import type { Authentication } from './authentication.js';
import { readBody } from './read-body.js';
import { bodyGoneProblem, type ReceiverReports } from './receiver-reports.js';
import { refuse, type Refusal } from './reply.js';

/** The JSON of a request, why there is none, or that its client has disconnected. */
export type JsonFinding = { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'aborted' } | Refusal;

export interface JsonReaderParts {
  readonly authentication: Authentication;
  readonly reports: ReceiverReports;
  readonly maxBodyBytes: number;
}

/** Reads the JSON of requests whose token and signature are right. The token is checked before anything is read. */
export function createJsonReader(parts: JsonReaderParts): (req: IncomingMessage) => Promise<JsonFinding> {
  const { authentication, reports, maxBodyBytes } = parts;
  return async (req) => {
    const refusal = authentication.refuseToken(req.headers) ?? refuseType(req);
    if (refusal !== undefined) return refusal;
    const body = await readBody(req, maxBodyBytes);
    switch (body.kind) {
      case 'bytes':
        return authentication.refuseSignature(req.headers, body.bytes) ?? parse(body.bytes);
      case 'parsed':
        if (!authentication.isSigned) return { kind: 'json', value: body.value };
        reports.bodyGone();
        return bodyGone;
      case 'gone':
        reports.bodyGone();
        return bodyGone;
      case 'too-large':
        return tooLarge;
      case 'encoded':
        return encoded;
      case 'aborted':
        return { kind: 'aborted' };
    }
  };
}

function refuseType({ headers }: IncomingMessage): Refusal | undefined {
  const isJson = /^application\/(?:[\w.-]+\+)?json(?:[ ;]|$)/i.test(headers['content-type'] ?? '');
  return isJson ? undefined : notJsonType;
}

/** JSON is UTF-8 (RFC 8259 section 8.1); without `fatal`, other bytes would be replaced without a word. */
function parse(bytes: Buffer): JsonFinding {
  try {
    return { kind: 'json', value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return notJson;
  }
}

const notJsonType = refuse(415, 'not-json-type', 'send JSON, with the header Content-Type: application/json');
const encoded = refuse(415, 'encoded', 'send the body without a Content-Encoding');
const notJson = refuse(400, 'not-json', 'the body is not JSON in UTF-8');
const tooLarge = refuse(413, 'too-large', 'the body is larger than this receiver takes');
const bodyGone = refuse(500, 'body-gone', bodyGoneProblem);
