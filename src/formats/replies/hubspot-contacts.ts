import type { FormatReply, Outcome, SentNotification } from '../../format/format-definition.js';
import type { HubspotContactInput } from '../shared/hubspot-bodies.js';
import { elementsOf, memberOf, textOf } from '../shared/json-parts.js';
import type { FormatReplies } from './format-replies.js';
import { hubspotWait } from './hubspot-wait.js';

export const hubspotContactsReplies = {
  classify: contactOutcomes,
  join: joinContacts,
} satisfies FormatReplies;

/**
 * HubSpot refuses a request in which a contact is twice. So what several notifications say of one is joined: a later value
 * replaces an earlier one, as it would one after the other. The trace id is that of the last.
 */
function joinContacts(bodies: readonly string[]): string {
  const inputs = new Map<string, HubspotContactInput>();
  for (const input of bodies.map(inputOf)) {
    const earlier = inputs.get(contactOf(input));
    const { id, idProperty, objectWriteTraceId } = input;
    const properties = Object.assign({}, earlier?.properties, input.properties);
    inputs.set(contactOf(input), { id, idProperty, objectWriteTraceId, properties });
  }
  return JSON.stringify({ inputs: [...inputs.values()] });
}

/**
 * A 207 lists those that HubSpot did not take by their trace ids, which are our ids; it took all others. An error that names
 * none of ours may be about any of them: then only those that are among the results were taken for sure, and the others are
 * tried again, which changes nothing for a contact that was taken.
 */
function contactOutcomes(
  reply: FormatReply,
  sent: readonly SentNotification[],
): Outcome | readonly Outcome[] | undefined {
  const wait = hubspotWait(reply);
  if (wait !== undefined) return wait;
  // Then it took all of them, even if its reply, which describes each, is too long to be read.
  if (reply.status === 200 || reply.status === 201) return { kind: 'delivered' };
  if (reply.status !== 207) return undefined;
  if (reply.json === undefined) return { kind: 'retry' };
  const errors = errorsOf(reply.json);
  const taken = new Set(elementsOf(memberOf(reply.json, 'results')).map((result) => traceIdsOf(result)[0]));
  const inputs = sent.map(({ body }) => inputOf(body));
  const traceIds = new Map(inputs.map((input) => [contactOf(input), input.objectWriteTraceId]));
  const ours = new Set(traceIds.values());
  const isOneUnclear = errors.some((error) => !error.traceIds.some((id) => ours.has(id)));

  return inputs.map((input): Outcome => {
    const traceId = traceIds.get(contactOf(input)) ?? '';
    const error = errors.find(({ traceIds }) => traceIds.includes(traceId));
    if (error !== undefined) return outcomeOfError(error, input, inputs);
    return isOneUnclear && !taken.has(traceId) ? { kind: 'retry' } : { kind: 'delivered' };
  });
}

interface ContactError {
  readonly category: string;
  readonly message: string;
  readonly traceIds: readonly string[];
}

function outcomeOfError(error: ContactError, input: HubspotContactInput, all: readonly HubspotContactInput[]): Outcome {
  const { category, message } = error;
  if (/RATE_LIMIT|INTERNAL|UNAVAILABLE|TIMEOUT/.test(category)) return { kind: 'retry' };
  const isAlone = all.every((other) => other === input || contactOf(other) !== contactOf(input));
  const refused = [...message.matchAll(/"name":"([a-z][a-z0-9_]*)"/g)].map(([, name = '']) => name);
  // Joined with another one of the same contact, whose property is to blame.
  const isInnocent = refused.length > 0 && !refused.some((name) => Object.hasOwn(input.properties, name));
  return !isAlone && isInnocent ? { kind: 'retry' } : { kind: 'rejected', detail: `${category}: ${message}` };
}

function errorsOf(json: unknown): readonly ContactError[] {
  return elementsOf(memberOf(json, 'errors')).map((error) => ({
    category: textOf(memberOf(error, 'category')) ?? 'ERROR',
    message: textOf(memberOf(error, 'message')) ?? '',
    traceIds: traceIdsOf(error),
  }));
}

/** Of an error they are in its context, in a list; of a result in itself. */
function traceIdsOf(value: unknown): readonly string[] {
  const ids = memberOf(memberOf(value, 'context'), 'objectWriteTraceId') ?? memberOf(value, 'objectWriteTraceId');
  return [ids].flat().filter((id) => typeof id === 'string');
}

/** Of a body that `hubspotContacts` built. */
function inputOf(body: string): HubspotContactInput {
  const { inputs } = JSON.parse(body) as { readonly inputs: readonly [HubspotContactInput] };
  return inputs[0];
}

/** HubSpot compares addresses without regard to case. */
function contactOf({ id }: HubspotContactInput): string {
  return id.toLowerCase();
}
