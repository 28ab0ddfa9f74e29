import type { Statement } from './transaction.js';

/** What an app hands over as its transaction, an object or a function, before a driver is found for it. */
export type Handle = Readonly<Record<string, unknown>>;

/** What a driver says of a handle of its own. */
export type TransactionFinding =
  | {
      /** Runs a statement in the transaction. Rejects with the driver's own error. */
      readonly run: (statement: Statement) => unknown;
    }
  | {
      /** Why the handle is no open transaction, and what to pass instead; follows on "`tx` is". */
      readonly refusal: string;
    };

/** Whether each of these is a method of the handle. */
export function hasMethods<Name extends string>(
  handle: Handle,
  ...names: readonly Name[]
): handle is Handle & Readonly<Record<Name, (...args: readonly unknown[]) => unknown>> {
  return names.every((name) => typeof handle[name] === 'function');
}

/** The value as a handle; undefined if it is neither an object nor a function. */
export function asHandle(value: unknown): Handle | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? (value as Handle) : undefined;
}

/** Whether the handle can be called: some drivers' handles are functions with methods. */
export function isFunction(handle: Handle): boolean {
  return typeof handle === 'function';
}
