import { needsToken } from '../client/credentials.js';
import { resolveTarget, targetSettings, type TargetConfig } from '../client/target-settings.js';
import type { Setting, Values } from '../core/setting.js';
import { resolveDelivery, type DeliveryConfig } from '../delivery/delivery-settings.js';
import type { FormatDefinition } from '../format/format-definition.js';
import { formatSettings, type FormatConfig } from '../format/format-settings.js';
import { crmTarget } from '../outbox/outbox.js';
import { resolvePart, type ResolvedSettings } from './resolve-settings.js';
import { ofEachTarget, type notifierSettings, type TargetOptions } from './settings.js';

/** Where notifications are sent, and how: one target, complete, checked and normalised. */
export interface NamedTarget extends TargetConfig, FormatConfig {
  readonly name: string;
  readonly delivery: DeliveryConfig;
}

/** What each target has for itself: the credentials of one are for no other. */
const { baseUrl, authToken, auth } = targetSettings;
const ownOnly: readonly Setting<unknown>[] = [baseUrl, authToken, auth, formatSettings.signing];

/** The targets of the options, or the one that the options themselves describe. Adds what is wrong to the findings. */
export function resolveTargets(context: ResolvedSettings<typeof notifierSettings>): readonly NamedTarget[] {
  const { values, findings } = context;
  const { targets } = values;
  if (targets === undefined) {
    const { format, signing } = values.written;
    const { ofTarget, given } = withDefaultsOf(format, values.target, context.given);
    const target = resolveTarget(ofTarget, { ...context, given });
    return [{ ...target, name: crmTarget, format, signing, delivery: resolveDelivery(values.delivery, findings) }];
  }
  for (const { option } of ownOnly.filter((setting) => context.givenAsOption.has(setting))) {
    findings.issues.push({
      path: option,
      message: `belongs to a target where targets are named: targets.<name>.${option}`,
    });
  }
  // What is wrong with the names is an issue already.
  return Object.entries(asRecord(targets)).map(([name, options]) => resolveNamed(name, options, context));
}

function resolveNamed(
  name: string,
  options: TargetOptions,
  { given, isProduction, findings }: ResolvedSettings<typeof notifierSettings>,
): NamedTarget {
  const path = `targets.${name}`;
  const inherited = new Map(given);
  if (name !== crmTarget) for (const setting of ownOnly) inherited.delete(setting);
  const part = resolvePart(ofEachTarget, options, inherited, findings, path);
  const delivery = resolveDelivery(part.values.delivery, findings, path);
  const { format, signing } = part.values.written;
  const { ofTarget, given: ofWhich } = withDefaultsOf(format, part.values.target, part.given);
  const needed = needsToken(ofTarget.auth) ? [baseUrl, authToken] : [baseUrl];
  const missing = needed.filter((setting) => !ofWhich.has(setting));
  for (const { option } of missing) findings.issues.push({ path: `${path}.${option}`, message: notSet });
  if (missing.length > 0) return { ...ofTarget, name, format, signing, delivery };
  const target = resolveTarget(ofTarget, { isProduction, given: ofWhich, findings, path });
  return { ...target, name, format, signing, delivery };
}

const notSet = 'is missing: set it, and if it comes from an environment variable, set that';

type TargetValues = Values<typeof targetSettings>;
type Given = ReadonlyMap<Setting<unknown>, unknown>;

/** A format may know where its CRM is and how that is told who we are; what is set goes before that. */
function withDefaultsOf(
  format: FormatDefinition | undefined,
  values: TargetValues,
  given: Given,
): { readonly ofTarget: TargetValues; readonly given: Given } {
  if (format === undefined) return { ofTarget: values, given };
  const url = given.has(baseUrl) ? undefined : format.baseUrl;
  return {
    ofTarget: { ...values, baseUrl: url ?? values.baseUrl, auth: values.auth ?? format.auth },
    given: url === undefined ? given : new Map<Setting<unknown>, unknown>([...given, [baseUrl, url]]),
  };
}

function asRecord(value: unknown): Readonly<Record<string, TargetOptions>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, TargetOptions>>) : {};
}
