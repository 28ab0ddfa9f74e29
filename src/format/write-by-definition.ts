import { notAwaited } from '../core/call-safely.js';
import { CRMValidationError } from '../core/errors.js';
import type { JsonValue, Notification, NotificationDraft } from '../notification/notification.js';
import { copyPlainJson } from '../notification/plain-json.js';
import type { BuildContext } from './format.js';
import type { BuiltRequest, FormatDefinition, NotificationFacts } from './format-definition.js';
import { checkBodySize, mergeData } from './notification-data.js';
import { forbiddenHeaders, isRequestHeader, isRequestPath, writeStoredRequest } from './stored-request.js';

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
    return notAwaited(build(facts));
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
  if (path !== undefined && !isRequestPath(path)) {
    throw failure(name, 'must return a path that starts with one / and is visible ASCII without #');
  }
  if (typeof headers !== 'object' || headers === null || !Object.entries(headers).every(isRequestHeader)) {
    throw failure(name, `must return headers as text, by names in lower case, without ${forbiddenHeaders.join(', ')}`);
  }
  return { body, path, headers: headers as Readonly<Record<string, string>> };
}

function failure(name: string, problem: string): CRMValidationError {
  return new CRMValidationError([{ path: `format ${name}`, message: problem }]);
}
