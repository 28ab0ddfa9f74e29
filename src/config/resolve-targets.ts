import { resolveTarget, targetSettings, type TargetConfig } from '../client/target-settings.js';
import { resolveDelivery, type DeliveryConfig } from '../delivery/delivery-settings.js';
import { resolvePart, type ResolvedSettings } from './resolve-settings.js';
import { ofEachTarget, type notifierSettings, type TargetOptions } from './settings.js';

/** Where notifications are sent, and how: one target, complete, checked and normalised. */
export interface NamedTarget extends TargetConfig {
  readonly name: string;
  readonly delivery: DeliveryConfig;
}

/** The target that there is when none is named. */
export const usualTarget = 'crm';

/** What each target has for itself. */
const ownOnly = [targetSettings.baseUrl, targetSettings.authToken] as const;

/** The targets of the options, or the one that the options themselves describe. Adds what is wrong to the findings. */
export function resolveTargets(context: ResolvedSettings<typeof notifierSettings>): readonly NamedTarget[] {
  const { values, findings } = context;
  const { targets } = values;
  if (targets === undefined) {
    const target = resolveTarget(values.target, context);
    return [{ ...target, name: usualTarget, delivery: resolveDelivery(values.delivery, findings) }];
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
  if (name !== usualTarget) for (const setting of ownOnly) inherited.delete(setting);
  const part = resolvePart(ofEachTarget, options, inherited, path, findings);
  const delivery = resolveDelivery(part.values.delivery, findings, path);
  const missing = ownOnly.filter((setting) => !part.given.has(setting));
  for (const { option } of missing) findings.issues.push({ path: `${path}.${option}`, message: 'is missing' });
  if (missing.length > 0) return { ...part.values.target, name, delivery };
  const target = resolveTarget(part.values.target, { isProduction, given: part.given, findings, path });
  return { ...target, name, delivery };
}

function asRecord(value: unknown): Readonly<Record<string, TargetOptions>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, TargetOptions>>) : {};
}
