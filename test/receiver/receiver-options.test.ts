import { Pool, type PoolClient } from 'pg';
import { createReceiver, postgresStore, type ReceiverOptions, type WireBooking } from '../../src/receiver/index.js';

const noop = () => undefined;
const on = { '*': noop };
const given = (options: object) => options as ReceiverOptions;

it.each([
  ['neither token nor signing', { on }, /token: is missing, and signing as well: anybody could post/],
  ['an empty token', { token: '', on }, /token: must not be empty/],
  ['an empty list of tokens', { token: [], on }, /token: must not be an empty list/],
  ['a token with a space', { token: ['good', 'a b'], on }, /token\[1\]: must be visible ASCII/],
  ['a secret that is none', { signing: { secrets: 'v1,whsec_x' }, on }, /signing\.secrets: begins with v1/],
  ['signing without secrets', { signing: {}, on }, /signing\.secrets: must be a secret/],
  ['a tolerance of 0', { signing: { secrets: `whsec_${'A'.repeat(32)}`, toleranceMs: 0 }, on }, /signing\.toleranceMs/],
  ['no handlers', { token: 'a' }, /on: must have a handler/],
  ['none in it', { token: 'a', on: {} }, /on: must have a handler/],
  [
    'a handler that is no function',
    { token: 'a', on: { booking_created: 'x' } },
    /on\.booking_created: must be a function/,
  ],
  ['a type in capitals', { token: 'a', on: { bookingCreated: noop } }, /on: has a key that is no type/],
  ['an unknown option', { token: 'a', on, tokens: ['b'] }, /tokens: is not an option; the options are token, signing/],
  ['a limit of 0', { token: 'a', on, maxBodyBytes: 0 }, /maxBodyBytes: must be a whole number from 1 on/],
  ['half a count', { token: 'a', on, maxBatchCount: 1.5 }, /maxBatchCount: must be a whole number from 1 on/],
  ['a text as concurrency', { token: 'a', on, batchConcurrency: '4' }, /batchConcurrency: must be a whole number/],
  ['a store that is none', { token: 'a', on, store: new Map() }, /store: must be one that memoryStore, sqliteStore/],
  ['health that is no function', { token: 'a', on, isHealthy: true }, /isHealthy: must be a function/],
  ['onError that is no function', { token: 'a', on, onError: console }, /onError: must be a function/],
])('%s is refused', (_what, options, message) => {
  expect(() => createReceiver(given(options))).toThrow(message);
});

it('every problem is named at once, and no token', () => {
  const wrong = given({ token: 'a token', maxBodyBytes: -1 });
  expect(() => createReceiver(wrong)).toThrow(/token: .*on: .*maxBodyBytes: /);
  expect(() => createReceiver(wrong)).not.toThrow(/a token/);
});

it('handlers know the type of what they get, and of the store’s transaction', () => {
  const pool = new Pool();
  createReceiver({
    token: 'a',
    store: postgresStore({ pool }),
    on: {
      booking_created: (notification, { tx }) => {
        const typed: [WireBooking, PoolClient] = [notification, tx];
        return typed;
      },
      event_created: ({ additional_data: { event_id } }) => event_id,
      '*': ({ additional_data }) => {
        // @ts-expect-error -- Nobody knows what a notification of any type has.
        const id: number = additional_data['booking_id'];
        return id;
      },
    },
  });
  createReceiver({
    token: 'a',
    on: {
      '*': (_notification, { tx }) => {
        const typed: undefined = tx;
        return typed;
      },
    },
  });
  // @ts-expect-error -- A pool of something else.
  expect(() => postgresStore({ pool: {} })).toThrow(/store: needs either pool/);
});
