import type { Issue } from './errors.js';

/**
 * How a part of the package describes what can be set. Its file `…-settings.ts` has the options as people write them, with
 * their docstrings; the table of their settings; and what they resolve to. `src/config/` puts the tables together, and
 * resolves them once.
 */

/** One setting: an option, its variable, its default, and what a value must be. */
export interface Setting<Value> {
  /** As it is written in options; a dot leads into a group. */
  readonly option: string;
  /** Undefined where no text can stand for the value, such as a function. */
  readonly variable: string | undefined;
  readonly default: Value;
  readonly kind: Kind;
  /** One sentence, for `.env.example` and docs/configuration.md. */
  readonly description: string;
}

/** A setting that can be given as a variable too. */
export interface VariableSetting<Value> extends Setting<Value> {
  readonly variable: string;
}

/** What a value must be, and how it is read from a variable. */
export interface Kind {
  /** What a variable's text stands for. Text that stands for nothing is returned as it is, for `check` to refuse. */
  readonly read: (text: string) => unknown;
  /** What is wrong with a value and what would be right, without repeating the value; undefined when it is fine. */
  readonly check: (value: unknown) => string | undefined;
}

/** A part's settings by the names they have once resolved, in groups. */
export interface SettingTable {
  readonly [name: string]: Setting<unknown> | SettingTable;
}

/** The table for these options: one row for each, no other. */
export type TableFor<Options> = { readonly [Name in keyof Options]-?: Setting<unknown> | SettingTable };

/** What a table resolves to. */
export type Values<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : Values<Table[Name]>;
};

/** What is wrong with the configuration, and what is odd about it but works; every part adds to these. */
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

/** What a setting is called in messages. */
export function nameOf({ option, variable }: Setting<unknown>): string {
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

// The longest time a timer of the runtime can wait.
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

/** Checks that a value is an object with these functions. */
export const hasFunctions =
  (names: readonly string[], problem: string) =>
  (value: unknown): string | undefined => {
    const isObject = typeof value === 'object' && value !== null;
    const hasAll = isObject && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
    return hasAll ? undefined : problem;
  };
