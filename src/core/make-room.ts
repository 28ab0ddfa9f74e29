/**
 * Express gives every request and response a prototype of the app's, after which V8 keeps their shapes for themselves
 * alone: from then on each new property copies a shape, at 2 microseconds and more, and Express, body parsers and node add
 * some while they answer. Deleting a property makes the object a table, to which adding costs next to nothing; `bench/`
 * shows the difference. `name` is one of its own properties, which stays.
 */
export function makeRoomForProperties<Name extends string>(object: Partial<Record<Name, unknown>>, name: Name): void {
  if (!Object.hasOwn(object, name)) return;
  const value = object[name];
  if (Reflect.deleteProperty(object, name)) object[name] = value;
}
