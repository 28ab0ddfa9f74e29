/** Throws a `TypeError` unless the value is a plain object with none but these keys. A mistyped one would be overlooked. */
export function checkKeys(value: unknown, known: readonly string[], what: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${what} must be an object with any of ${known.join(', ')}`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new TypeError(`${what} has no ${unknown}; it may have ${known.join(', ')}`);
}
