/** A value, or a promise of it: `await` takes both. */
export type Awaitable<Value> = Value | Promise<Value>;
