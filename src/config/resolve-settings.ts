import { customCleanEnv, makeExactValidator, type Spec } from 'envalid';
import { closest, distance } from 'fastest-levenshtein';
import { CRMConfigError, type Issue } from '../core/errors.js';
import { readingGiven, unreadable } from '../core/reading-given.js';
import {
  nameOf,
  type Findings,
  type Setting,
  type SettingTable,
  type Values,
  type VariableSetting,
} from '../core/setting.js';
import { notifierSettings, type Environment } from './settings.js';

/** The values of all settings, and what is wrong with them. */
export interface ResolvedSettings<Table> extends PartSettings<Table> {
  readonly isProduction: boolean;
  /** Whether this process runs tests, as far as can be told. */
  readonly isTest: boolean;
  readonly findings: Findings;
}

/** Takes options over variables over defaults. Collects every problem instead of stopping at the first. */
export function resolveSettings<Table extends SettingTable>(table: Table, options: unknown): ResolvedSettings<Table> {
  const settings = settingsIn(table);
  const env = readingGiven(
    () => ownValue(options, 'env') ?? process.env,
    () => new CRMConfigError([{ path: 'env', message: unreadable }]),
  ) as Environment;
  const findings: Findings = { issues: [], warnings: unknownVariables(env) };
  const variables = readEnvironment(settings, env, findings.issues);
  return {
    ...resolvePart(table, options, variables, findings),
    isProduction: env['NODE_ENV'] === 'production',
    isTest: isTestRun(env),
    findings,
  };
}

/** The settings of options, or of a part that has options of its own, such as one of several targets. */
export interface PartSettings<Table> {
  /** Valid if there are no issues. */
  readonly values: Values<Table>;
  /** What an option or a variable sets, by its setting. */
  readonly given: ReadonlyMap<Setting<unknown>, unknown>;
  readonly givenAsOption: ReadonlySet<Setting<unknown>>;
}

/**
 * Takes options over what is `inherited`: variables, or for a part what is given for the whole. `path` is where a part's options are,
 * such as `targets.sales`, for the issues.
 */
export function resolvePart<Table extends SettingTable>(
  table: Table,
  options: unknown,
  inherited: ReadonlyMap<Setting<unknown>, unknown>,
  { issues }: Findings,
  path?: string,
): PartSettings<Table> {
  const settings = settingsIn(table);
  const given = new Map<Setting<unknown>, unknown>();
  const givenAsOption = new Set<Setting<unknown>>();
  for (const setting of settings) {
    const option = checkedOption(setting, options, issues, path);
    if (option !== undefined) givenAsOption.add(setting);
    const value = option ?? inherited.get(setting);
    if (value !== undefined) given.set(setting, value);
  }
  issues.push(...unknownOptions(settings, options, path));
  return { values: inShapeOf(table, given) as Values<Table>, given, givenAsOption };
}

function checkedOption(setting: Setting<unknown>, options: unknown, issues: Issue[], path?: string): unknown {
  const { option, problem } = readingGiven(
    () => {
      const value = ownValue(options, setting.option);
      return { option: value, problem: value === undefined ? undefined : setting.kind.check(value) };
    },
    () => new CRMConfigError([{ path: nameOf(setting, path), message: unreadable }]),
  );
  if (problem !== undefined) issues.push({ path: nameOf(setting, path), message: problem });
  return option;
}

/** Every setting of a table, each once, in the table's order. */
export function settingsIn(table: SettingTable): readonly Setting<unknown>[] {
  const found = Object.values(table).flatMap((entry) => (isSetting(entry) ? [entry] : settingsIn(entry)));
  return [...new Set(found)];
}

function inShapeOf(table: SettingTable, given: ReadonlyMap<Setting<unknown>, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [
      name,
      isSetting(entry) ? (given.get(entry) ?? entry.default) : inShapeOf(entry, given),
    ]),
  );
}

function isSetting(entry: Setting<unknown> | SettingTable): entry is Setting<unknown> {
  return Object.hasOwn(entry, 'option');
}

function hasVariable(setting: Setting<unknown>): setting is VariableSetting<unknown> {
  return setting.variable !== undefined;
}

/** Reads the variables with envalid: one validator each, all problems in one report. */
function readEnvironment(
  settings: readonly Setting<unknown>[],
  env: Environment,
  issues: Issue[],
): ReadonlyMap<Setting<unknown>, unknown> {
  const withVariable = settings.filter(hasVariable);
  const settingOf = new Map(withVariable.map((setting) => [setting.variable, setting]));
  // An empty variable counts as unset if the setting may be unset; otherwise it is a mistake.
  const given = withVariable.filter(({ variable, default: value }) => env[variable] !== '' || value !== undefined);
  const specs = Object.fromEntries(
    withVariable.map(({ variable, kind, description }) => {
      const validator = makeExactValidator<unknown>((text) => {
        const value = kind.read(text);
        const problem = kind.check(value);
        if (problem !== undefined) throw new Error(problem);
        return value;
      });
      const spec: Spec<unknown> = { desc: description, default: undefined };
      return [variable, validator(spec)];
    }),
  );
  const texts = Object.fromEntries(given.map(({ variable }) => [variable, env[variable]]));
  const values = customCleanEnv(texts, specs, (cleaned) => cleaned as Record<string, unknown>, {
    reporter: ({ errors }) => {
      for (const [variable, error] of Object.entries(errors as Record<string, Error>)) {
        const setting = settingOf.get(variable);
        if (setting !== undefined) issues.push({ path: nameOf(setting), message: error.message });
      }
    },
  });
  return new Map(withVariable.map((setting) => [setting, values[setting.variable]]));
}

/** An option by its path; inherited values and `__proto__` do not count. */
function ownValue(options: unknown, path: string): unknown {
  let value: unknown = options;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** `path` is where the options are, if they are part of others. */
function unknownOptions(settings: readonly Setting<unknown>[], options: unknown, path?: string): Issue[] {
  if (options === undefined) return [];
  if (typeof options !== 'object' || options === null)
    return [{ path: path ?? '', message: 'options must be an object' }];
  return unknownIn(settings, options).map((issue) =>
    path === undefined ? issue : { ...issue, path: `${path}.${issue.path}` },
  );
}

function unknownIn(settings: readonly Setting<unknown>[], options: object): Issue[] {
  const issues: Issue[] = [];
  const known = settings.map((setting) => setting.option);
  const groups = new Set(known.filter((name) => name.includes('.')).map((name) => name.slice(0, name.indexOf('.'))));
  const topLevel = [...known.filter((name) => !name.includes('.')), ...groups];
  for (const name of Object.keys(options)) {
    if (!topLevel.includes(name)) issues.push(unknownOption(name, topLevel));
    const value = groups.has(name) ? ownValue(options, name) : undefined;
    if (value !== undefined) {
      const members = known.filter((member) => member.startsWith(`${name}.`));
      if (typeof value !== 'object' || value === null) {
        issues.push({ path: name, message: `must be an object with ${members.join(', ')}` });
      } else {
        const paths = Object.keys(value).map((key) => `${name}.${key}`);
        for (const path of paths) if (!members.includes(path)) issues.push(unknownOption(path, members));
      }
    }
  }
  return issues;
}

function unknownOption(name: string, known: readonly string[]): Issue {
  const path = name.slice(0, 64);
  return { path, message: `unknown option \`${path}\`, ${suggestion(name, known)}` };
}

/** Warnings rather than issues, because an app may have `CRM_*` variables of its own. */
function unknownVariables(env: Environment): string[] {
  const known = settingsIn(notifierSettings)
    .filter(hasVariable)
    .map(({ variable }) => variable);
  return (
    Object.keys(env)
      // In a malformed file, what is read as a name may be a token.
      .filter((name) => /^CRM_[A-Z0-9_]{1,60}$/.test(name) && !known.some((variable) => variable === name))
      .map((name) => `${name} is no variable of express-crm-notifier, ${suggestion(name, known)}`)
  );
}

/** What people type for it elsewhere. */
const aliases: Readonly<Record<string, string>> = {
  url: 'baseUrl',
  uri: 'baseUrl',
  host: 'baseUrl',
  endpoint: 'baseUrl',
  token: 'authToken',
  apiKey: 'authToken',
  apiToken: 'authToken',
  secret: 'authToken',
  log: 'logger',
  path: 'outbox',
  queue: 'outbox',
  CRM_URL: 'CRM_BASE_URL',
  CRM_URI: 'CRM_BASE_URL',
  CRM_HOST: 'CRM_BASE_URL',
  CRM_ENDPOINT: 'CRM_BASE_URL',
  CRM_TOKEN: 'CRM_AUTH_TOKEN',
  CRM_API_KEY: 'CRM_AUTH_TOKEN',
  CRM_API_TOKEN: 'CRM_AUTH_TOKEN',
  CRM_SECRET: 'CRM_AUTH_TOKEN',
};

function suggestion(name: string, known: readonly string[]): string {
  const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  if (alias !== undefined && known.includes(alias)) return `did you mean \`${alias}\`?`;
  const nearest = closest(name, known);
  // Three of seven letters may differ; with more, a guess only confuses.
  const isNear = distance(name, nearest) <= (3 / 7) * name.length;
  return isNear ? `did you mean \`${nearest}\`?` : 'docs/configuration.md lists all there are';
}

/** Set by jest, by vitest and by Node's own runner for the processes of tests, whatever `NODE_ENV` is. */
const testVariables = ['JEST_WORKER_ID', 'VITEST', 'NODE_TEST_CONTEXT'];

function isTestRun(env: Environment): boolean {
  // Variables from elsewhere that have no NODE_ENV say nothing of it, so this process's count as well.
  const sources = env['NODE_ENV'] === undefined ? [env, process.env] : [env];
  const isNamed = sources.some(
    (source) => source['NODE_ENV'] === 'test' || testVariables.some((name) => source[name] !== undefined),
  );
  return isNamed || process.execArgv.includes('--test');
}
