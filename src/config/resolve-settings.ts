import { customCleanEnv, makeExactValidator, type Spec } from 'envalid';
import { closest } from 'fastest-levenshtein';
import type { Issue } from '../core/errors.js';
import type { Setting } from './setting.js';
import { notifierSettings, type SettingValues } from './settings.js';

type SettingsTable = Readonly<Record<string, Setting<unknown>>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** What options and environment come to: the values where they are sound, and all that is wrong or odd. */
export interface ResolvedSettings<Settings> {
  readonly values: SettingValues<Settings>;
  readonly issues: readonly Issue[];
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/** Takes options over variables over defaults, and gathers every problem instead of stopping at the first. */
export function resolveSettings<Settings extends SettingsTable>(
  settings: Settings,
  options: unknown,
  env: Environment,
  plainOptions: readonly string[],
): ResolvedSettings<Settings> {
  const issues: Issue[] = [];
  const fromEnv = readEnvironment(settings, env, issues);
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const option = ownValue(options, setting.option);
    const problem = option === undefined ? undefined : setting.check(option);
    if (problem !== undefined) issues.push({ path: `${setting.option} (${setting.variable})`, message: problem });
    values[key] = option ?? fromEnv[setting.variable] ?? setting.default;
  }
  issues.push(...unknownOptions(settings, options, plainOptions));
  return { values: values as SettingValues<Settings>, issues, warnings: unknownVariables(env) };
}

/** Variables by envalid: one validator each, all problems in one report. */
function readEnvironment(
  settings: SettingsTable,
  env: Environment,
  issues: Issue[],
): Readonly<Record<string, unknown>> {
  const table = Object.values(settings);
  const optionOf = new Map(table.map((setting) => [setting.variable, setting.option]));
  // An empty variable stands for none where there can be none; elsewhere it is a mistake.
  const given = table.filter((setting) => env[setting.variable] !== '' || setting.default !== undefined);
  const specs = Object.fromEntries(
    table.map((setting) => {
      const validator = makeExactValidator<unknown>((text) => {
        const value = setting.read(text);
        const problem = setting.check(value);
        if (problem !== undefined) throw new Error(problem);
        return value;
      });
      const spec: Spec<unknown> = { desc: setting.description, default: undefined };
      return [setting.variable, validator(spec)];
    }),
  );
  const texts = Object.fromEntries(given.map(({ variable }) => [variable, env[variable]]));
  return customCleanEnv(texts, specs, (cleaned) => cleaned as Record<string, unknown>, {
    reporter: ({ errors }) => {
      for (const [variable, error] of Object.entries(errors as Record<string, Error>)) {
        issues.push({ path: `${optionOf.get(variable) ?? ''} (${variable})`, message: error.message });
      }
    },
  });
}

/** An option by its path; inherited values and `__proto__` do not count. */
export function ownValue(options: unknown, path: string): unknown {
  let value: unknown = options;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function unknownOptions(settings: SettingsTable, options: unknown, plainOptions: readonly string[]): Issue[] {
  if (options === undefined) return [];
  if (typeof options !== 'object' || options === null) return [{ path: '', message: 'options must be an object' }];
  const issues: Issue[] = [];
  const known = [...Object.values(settings).map((setting) => setting.option), ...plainOptions];
  const groups = new Set(known.filter((name) => name.includes('.')).map((name) => name.slice(0, name.indexOf('.'))));
  const topLevel = [...known.filter((name) => !name.includes('.')), ...groups];
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!topLevel.includes(name)) issues.push(unknown(name, topLevel));
    else if (groups.has(name) && value !== undefined) {
      const members = known.filter((member) => member.startsWith(`${name}.`));
      if (typeof value !== 'object' || value === null) {
        issues.push({ path: name, message: `must be an object with ${members.join(', ')}` });
      } else {
        const paths = Object.keys(value).map((key) => `${name}.${key}`);
        for (const path of paths) if (!members.includes(path)) issues.push(unknown(path, members));
      }
    }
  }
  return issues;
}

function unknown(name: string, known: readonly string[]): Issue {
  return { path: name.slice(0, 64), message: `is no option; did you mean ${closest(name, known)}?` };
}

/** An app may have `CRM_*` variables of its own, so these are only warned of. */
function unknownVariables(env: Environment): string[] {
  const known = Object.values(notifierSettings).map((setting) => setting.variable);
  return Object.keys(env)
    .filter((name) => name.startsWith('CRM_') && !known.some((variable) => variable === name))
    .map((name) => `${name} is no variable of express-crm-notifier; did you mean ${closest(name, known)}?`);
}
