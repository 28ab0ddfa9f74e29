import { CRMValidationError } from '../core/errors.js';
import type { JsonValue, Notification, NotificationDraft } from '../notification/notification.js';
import { copyPlainJson } from '../notification/plain-json.js';
import type { BuildContext } from './format.js';
import type { BuiltRequest, FormatDefinition, NotificationFacts } from './format-definition.js';
import { checkBodySize, mergeData } from './notification-data.js';
import { writeStoredRequest } from './stored-request.js';

/** Builds notifications by a definition. Throws `CRMValidationError` when it cannot, which names the format. */
export function writeByDefinition({
  name,
  build,
}: Pick<FormatDefinition, 'name' | 'build'>): (draft: NotificationDraft, context: BuildContext) => Notification {
  return (draft, context) => {
    const { id, occurredAt, traceparent, maxBodyBytes } = context;
    const { notificationType: type, lane } = draft;
    const request = checkRequest(name, callBuild(name, build, factsOf(draft, context)));
    checkBodySize(request.body, maxBodyBytes);
    return { id, type, lane, occurredAt, body: writeStoredRequest(request), traceparent };
  };
}

function factsOf(draft: NotificationDraft, { id, occurredAt, maxBodyBytes }: BuildContext): NotificationFacts {
  const { notificationType: type, userId, message } = draft;
  const record = copyPlainJson(draft.record, 'record', maxBodyBytes) as Readonly<Record<string, JsonValue>>;
  return { id, type, userId, message, occurredAt, data: mergeData(draft, maxBodyBytes), record };
}

function callBuild(name: string, build: FormatDefinition['build'], facts: NotificationFacts): unknown {
  try {
    return build(facts);
  } catch (error) {
    if (error instanceof CRMValidationError) throw error;
    // What it says may be personal.
    throw failure(name, 'threw an error');
  }
}

function checkRequest(name: string, returned: unknown): BuiltRequest {
  if (typeof returned !== 'object' || returned === null || !('body' in returned)) {
    throw failure(name, 'must return { body }, and not a promise');
  }
  const { body, path, headers = {} } = returned as Record<string, unknown>;
  if (typeof body !== 'string' || body === '') throw failure(name, 'must return a body that is text and not empty');
  if (path !== undefined && (typeof path !== 'string' || !/^\/(?!\/)[\x21-\x22\x24-\x7e]{0,2047}$/.test(path))) {
    throw failure(name, 'must return a path that starts with one / and is visible ASCII without #');
  }
  if (typeof headers !== 'object' || headers === null || !Object.entries(headers).every(isHeader)) {
    throw failure(name, `must return headers as text, by names in lower case, without ${forbidden.join(', ')}`);
  }
  return { body, path, headers: headers as Readonly<Record<string, string>> };
}

/** What is sent with every request, or belongs to the connection (RFC 9110 section 7.6.1). */
const forbidden = [
  'authorization',
  'connection',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'transfer-encoding',
];

/** Names are tokens, and values visible ASCII with spaces within: RFC 9110 sections 5.1 and 5.5. */
function isHeader([name, value]: readonly [string, unknown]): boolean {
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name) || forbidden.includes(name)) return false;
  return typeof value === 'string' && /^(?:[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?)?$/.test(value);
}

function failure(name: string, problem: string): CRMValidationError {
  return new CRMValidationError([{ path: `format ${name}`, message: problem }]);
}
