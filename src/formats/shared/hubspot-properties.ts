import type { JsonValue } from '../../notification/notification.js';

/** What HubSpot allows for the properties of one kind of record. */
export interface PropertyRules {
  readonly maxCount: number;
  readonly maxNameLength: number;
  readonly maxValueLength: (name: string) => number;
  /** What null becomes: an empty text clears a property; undefined leaves it out. */
  readonly ofNull: string | undefined;
}

/**
 * Properties as HubSpot takes them: flat, and texts only.
 *
 * - The members of an object become properties of their own: `{ room: { name } }` is `room_name`.
 * - A list of plain values is joined with `;`, as HubSpot writes several choices. One with objects in it is sent as JSON.
 * - Names are made lower-case, with `_` for what is neither a letter nor a digit; they begin with a letter.
 * - What is beyond a limit is cut off, because HubSpot refuses the whole record otherwise. The first one of a name stays.
 */
export function hubspotProperties(
  data: Readonly<Record<string, JsonValue>>,
  rules: PropertyRules,
): Readonly<Record<string, string>> {
  const properties: Record<string, string> = {};
  let count = 0;

  const add = (name: string, text: string | undefined): void => {
    if (text === undefined || name === '' || count >= rules.maxCount || Object.hasOwn(properties, name)) return;
    properties[name] = cut(text, rules.maxValueLength(name));
    count += 1;
  };
  const addAll = (members: Readonly<Record<string, JsonValue>>, prefix: string): void => {
    for (const [key, value] of Object.entries(members)) {
      const name = prefix === '' ? key : `${prefix}_${key}`;
      if (isObject(value)) addAll(value, name);
      else add(propertyName(name, rules.maxNameLength), textOfValue(value, rules.ofNull));
    }
  };

  addAll(data, '');
  return properties;
}

function propertyName(key: string, maxLength: number): string {
  const name = key.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '_');
  return name.replace(/^[^a-z]+/, '').slice(0, maxLength);
}

function textOfValue(value: JsonValue, ofNull: string | undefined): string | undefined {
  if (value === null) return ofNull;
  if (typeof value !== 'object') return String(value);
  const isPlainList = isList(value) && value.every((element) => typeof element !== 'object');
  return isPlainList ? value.join(';') : JSON.stringify(value);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !isList(value);
}

/** Never in the middle of a character that has two halves. */
function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}
