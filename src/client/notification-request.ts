import { systemClock } from '../core/clock.js';
import { shownUrl } from '../core/shown-url.js';
import { crmFormat } from '../format/crm-format.js';
import { deliverByDefinition } from '../format/deliver-by-definition.js';
import type { Post } from '../format/format.js';
import type { FormatDefinition } from '../format/format-definition.js';
import { readStoredRequest } from '../format/stored-request.js';
import { createCredentials } from './credentials.js';
import type { TargetConfig } from './target-settings.js';

/** The request that posts one notification alone, without its credentials and without a signature. */
export interface NotificationRequest {
  readonly target: string;
  readonly method: 'POST';
  /** With `$REQUEST_PATH` for a path that is the notification's own, and `…` for each other part that may be a secret. */
  readonly url: string;
  /** With `$CRM_AUTH_TOKEN` for the credentials, and such a variable for the value of a header that is the notification's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Personal data. */
  readonly body: Uint8Array;
}

/** Where it is sent, and how. */
export interface RequestTarget extends Pick<TargetConfig, 'baseUrl' | 'auth'> {
  readonly name: string;
  readonly format: FormatDefinition | undefined;
}

/** The request that the next attempt makes, if it posts this notification alone. */
export function notificationRequest(target: RequestTarget, post: Post): NotificationRequest {
  const { name, baseUrl, auth, format } = target;
  const { headersWith } = createCredentials(auth, '', systemClock);
  const request = (format === undefined ? crmFormat : deliverByDefinition(format, {})).requestFor(post);
  const own = format === undefined ? undefined : readStoredRequest(post.body);
  const ownNames = new Set(pairsOf(own?.headers ?? []).map(([header]) => header));
  const headers = pairsOf(request.headers).map(([header, value]) => [
    header,
    ownNames.has(header) ? `$${header.toUpperCase().replaceAll(/[^A-Z\d]/g, '_')}` : value,
  ]);
  return {
    target: name,
    method: 'POST',
    url: own?.path === undefined ? shownUrl(baseUrl + request.path) : `${shownUrl(baseUrl)}$REQUEST_PATH`,
    headers: Object.fromEntries([...pairsOf(headersWith('$CRM_AUTH_TOKEN')), ...headers]) as Record<string, string>,
    body: request.body,
  };
}

/** Of alternating names and values. */
function pairsOf(headers: readonly string[]): readonly (readonly [string, string])[] {
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? ''] as const] : []));
}
