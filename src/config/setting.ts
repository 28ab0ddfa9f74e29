/** One setting: its option, its variable, what the variable's text means, and what a value must be. */
export interface Setting<Value> {
  /** As it is written in options; a dot leads into a group. */
  readonly option: string;
  readonly variable: string;
  readonly default: Value;
  /** One sentence for .env.example and for messages. */
  readonly description: string;
  /** What the text of a variable stands for; a text that stands for nothing comes back as it is, for `check` to refuse. */
  readonly read: (text: string) => unknown;
  /** What is wrong with a value and what would be right, without repeating it. */
  readonly check: (value: unknown) => string | undefined;
}

// The longest time a timer of the runtime can wait.
const maxDurationMs = 2 ** 31 - 1;

export const asNumber = (text: string): unknown => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
export const asText = (text: string): unknown => text;
export const asBoolean = (text: string): unknown =>
  /^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off)$/i.test(text) ? false : text;

export const wholeNumber =
  (min: number, max: number, unit: string) =>
  (value: unknown): string | undefined =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number of ${unit} from ${String(min)} to ${String(max)}`;

export const milliseconds = wholeNumber(1, maxDurationMs, 'milliseconds');
export const age = wholeNumber(1, Number.MAX_SAFE_INTEGER, 'milliseconds');

export const oneOf =
  (...words: string[]) =>
  (value: unknown): string | undefined =>
    typeof value === 'string' && words.includes(value) ? undefined : `must be one of ${words.join(', ')}`;

export function setting<Value>(
  option: string,
  variable: string,
  defaultValue: Value,
  read: (text: string) => unknown,
  check: (value: unknown) => string | undefined,
  description: string,
): Setting<Value> {
  return { option, variable, default: defaultValue, read, check, description };
}
