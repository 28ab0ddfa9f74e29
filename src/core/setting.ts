import type { Issue } from './errors.js';

/**
 * How a part of the package describes its settings. Its file `…-settings.ts` has the options as users write them, with
 * docstrings; the table of their settings; and the type they resolve to. `src/config/` joins the tables and resolves them
 * once.
 */

/** One setting: an option, its environment variable, its default, and the values it allows. */
export interface Setting<Value> {
  /** As written in the options; a dot separates a group from its member: `maxPending.count`. */
  readonly option: string;
  /** Undefined if text cannot express the value, such as a function. */
  readonly variable: string | undefined;
  readonly default: Value;
  readonly kind: Kind;
  /** One sentence, for `.env.example` and docs/configuration.md. */
  readonly description: string;
}

/** A setting that can also be given as an environment variable. */
export interface VariableSetting<Value> extends Setting<Value> {
  readonly variable: string;
}

/** Which values are valid, and how to read one from a variable. */
export interface Kind {
  /** Converts a variable's text to a value. Text that cannot be converted is returned unchanged, so that `check` refuses it. */
  readonly read: (text: string) => unknown;
  /** Returns what is wrong with a value and what would be right, without repeating the value; undefined if it is valid. */
  readonly check: (value: unknown) => string | undefined;
}

/** A part's settings in groups, by their names in the resolved configuration. */
export interface SettingTable {
  readonly [name: string]: Setting<unknown> | SettingTable;
}

/** The table for these options: exactly one row for each. */
export type TableFor<Options> = { readonly [Name in keyof Options]-?: Setting<unknown> | SettingTable };

/** The values that a table resolves to. */
export type Values<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : Values<Table[Name]>;
};

/** Problems of the configuration, and warnings about what is odd but works; every part adds to these. */
export interface Findings {
  readonly issues: Issue[];
  /** One sentence each. */
  readonly warnings: string[];
}

export function setting<Value>(
  option: string,
  variable: string,
  defaultValue: Value,
  kind: Kind,
  description: string,
): VariableSetting<Value> {
  return { option, variable, default: defaultValue, kind, description };
}

/** A setting without a variable. */
export function optionOnly<Value>(
  option: string,
  defaultValue: Value,
  check: Kind['check'],
  description: string,
): Setting<Value> {
  return { option, variable: undefined, default: defaultValue, kind: textThat(check), description };
}

/** A setting's name in messages; of a part whose options are at `path`, such as `targets.sales`, without its variable. */
export function nameOf({ option, variable }: Setting<unknown>, path?: string): string {
  if (path !== undefined) return `${path}.${option}`;
  return variable === undefined ? option : `${option} (${variable})`;
}

export const textThat = (check: Kind['check']): Kind => ({ read: (text) => text, check });

export const numberThat = (check: Kind['check']): Kind => ({
  read: (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text),
  check,
});

export const wholeNumber = (min: number, max: number, unit: string): Kind =>
  numberThat((value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number of ${unit} from ${String(min)} to ${String(max)}`,
  );

// The longest delay of a Node timer.
const maxDurationMs = 2 ** 31 - 1;

export const milliseconds = wholeNumber(1, maxDurationMs, 'milliseconds');
export const age = wholeNumber(1, Number.MAX_SAFE_INTEGER, 'milliseconds');

export const trueOrFalse: Kind = {
  read: (text) => (/^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off)$/i.test(text) ? false : text),
  check: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
};

export const oneOf = (...words: readonly string[]): Kind =>
  textThat((value) =>
    typeof value === 'string' && words.includes(value) ? undefined : `must be one of ${words.join(', ')}`,
  );

/** Returns a check that a value is an object with these functions. */
export const hasFunctions =
  (names: readonly string[], problem: string) =>
  (value: unknown): string | undefined => {
    const isObject = typeof value === 'object' && value !== null;
    const hasAll = isObject && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
    return hasAll ? undefined : problem;
  };
