import { hasSqlState, uniqueViolation } from '../../../src/receiver/stores/has-sql-state.js';

const inner = Object.assign(new Error('duplicate key'), { code: '23505' });

it.each([
  ['pg and postgres.js', inner],
  ['an error with a cause', new Error('failed', { cause: inner })],
  ['sequelize', Object.assign(new Error('Validation error'), { original: inner, fields: {} })],
  ['typeorm', Object.assign(new Error('failed'), { driverError: inner, parameters: ['an-id'] })],
  ['Prisma', Object.assign(new Error('failed'), { code: 'P2010', meta: { code: '23505', message: 'duplicate key' } })],
  [
    'Prisma, by an adapter',
    Object.assign(new Error('failed'), {
      code: 'P2010',
      meta: { driverAdapterError: Object.assign(new Error('x'), { cause: { originalCode: '23505' } }) },
    }),
  ],
])('PostgreSQL’s code is found as %s keeps it', (_driver, error) => {
  expect(hasSqlState(error, uniqueViolation)).toBe(true);
});

it.each([
  ['another code', Object.assign(new Error('x'), { code: '42P01' })],
  [
    'a value of the statement that looks like it',
    Object.assign(new Error('x'), { code: '42P01', parameters: ['23505'] }),
  ],
  ['a message that has it', new Error('23505')],
  ['nothing', undefined],
  ['a text', '23505'],
  ['a list', [{ code: '23505' }]],
  [
    'a getter that throws',
    {
      get code(): string {
        throw new Error('x');
      },
    },
  ],
])('it is not found in %s', (_what, error) => {
  expect(hasSqlState(error, uniqueViolation)).toBe(false);
});

it('an error that refers to itself is looked at, and that ends', () => {
  const error: Error & { self?: unknown } = new Error('x');
  error.self = error;
  error.cause = error;
  expect(hasSqlState(error, uniqueViolation)).toBe(false);
});
