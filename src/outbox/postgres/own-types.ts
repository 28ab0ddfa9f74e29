/** By the numbers of the types: https://www.postgresql.org/docs/current/catalog-pg-type.html */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  // boolean, integer, double precision, jsonb
  16: (text) => text === 't',
  23: Number,
  701: Number,
  3802: JSON.parse,
};

/** How the outbox reads values, whatever parsers the app has set for all of pg. All other types stay texts. */
export const ownTypes = {
  getTypeParser: (type: number): ((text: string) => unknown) => parsers[type] ?? ((text) => text),
};
