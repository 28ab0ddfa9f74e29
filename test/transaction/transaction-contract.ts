import { Client } from 'pg';
import { executeIn } from '../../src/transaction/execute-in.js';
import type { Statement, Transaction } from '../../src/transaction/transaction.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';

export type Work = (tx: Transaction) => Promise<void>;

/** A driver on the tests' database, as an app uses it. */
export interface DriverInUse {
  /** Runs the work in a transaction, which is committed unless the work rejects. */
  readonly transaction: (work: Work) => Promise<unknown>;
  /** Runs the work in a transaction, and in it `nested` in a savepoint of the driver's, whose rejection goes no further. */
  readonly withSavepoint: (work: Work, nested: Work) => Promise<unknown>;
  /** What is no open transaction, by its name, and what the refusal tells to do instead. */
  readonly refused?: Readonly<Record<string, { readonly handle: unknown; readonly fix: RegExp }>>;
  readonly close: () => Promise<unknown>;
}

interface Row {
  readonly id: number;
  readonly body: string;
}

export interface ContractOptions {
  /** The class of what the driver rejects with when a statement fails. */
  readonly failure: RegExp;
  /** What is rejected with once the transaction has ended, by us or by the driver. */
  readonly ended?: RegExp;
  /** The names in the driver's `refused`, as that is only there once it is connected. */
  readonly refused?: readonly string[];
}

/** Quotes, a question mark and a semicolon: a driver that rewrites the text must leave the name alone. */
const table = `"odd ?; 'table'"`;

/** A statement like the outbox's. */
export const insertion = (id: number, body = 'body'): Statement => ({
  text: `INSERT INTO ${table} (id, at, nothing, body) VALUES (CAST($1 AS integer), CAST($2 AS bigint), CAST($3 AS text), CAST($4 AS text))`,
  values: [id, 1_750_000_000_123, null, body],
});

/** What an app's code relies on when it runs a statement in a transaction of its own driver. */
export function describeTransactions(
  driver: string,
  connect: (url: string) => Promise<DriverInUse>,
  { failure, ended, refused = [] }: ContractOptions,
): void {
  describeOnPostgres(driver, () => {
    let reader: Client;
    let inUse: DriverInUse;
    // Before the server's own end, as these run in the order in which they are written.
    afterAll(async () => {
      await inUse.close();
      await reader.end();
    });
    const createDatabase = usePostgres();
    beforeAll(async () => {
      const url = await createDatabase();
      reader = new Client(url);
      await reader.connect();
      await reader.query(`CREATE TABLE ${table} (id integer PRIMARY KEY, at bigint, nothing text, body text)`);
      inUse = await connect(url);
    });
    beforeEach(() => reader.query(`TRUNCATE ${table}`));
    const rows = async (): Promise<Row[]> => (await reader.query<Row>(`SELECT * FROM ${table} ORDER BY id`)).rows;
    const ids = async (): Promise<number[]> => (await rows()).map(({ id }) => id);

    it('writes the row with the commit, and not before', async () => {
      await inUse.transaction(async (tx) => {
        await executeIn(tx, insertion(1));
        expect(await ids()).toEqual([]);
      });
      expect(await rows()).toEqual([{ id: 1, at: '1750000000123', nothing: null, body: 'body' }]);
    });

    it('writes nothing if the app rolls back', async () => {
      const changedMind = new Error('the app changed its mind');
      const transaction = inUse.transaction(async (tx) => {
        await executeIn(tx, insertion(1));
        throw changedMind;
      });
      await expect(transaction).rejects.toThrow(changedMind.message);
      expect(await ids()).toEqual([]);
    });

    it('goes back with a savepoint, and only to it', async () => {
      await inUse.withSavepoint(
        (tx) => executeIn(tx, insertion(1)),
        async (nested) => {
          await executeIn(nested, insertion(2));
          throw new Error('the app goes back');
        },
      );
      expect(await ids()).toEqual([1]);
    });

    it('writes the row of a savepoint that is kept', async () => {
      await inUse.withSavepoint(
        (tx) => executeIn(tx, insertion(1)),
        (nested) => executeIn(nested, insertion(2)),
      );
      expect(await ids()).toEqual([1, 2]);
    });

    it("rejects with the driver's error if the statement fails, and the transaction is not committed", async () => {
      const caught: unknown[] = [];
      const transaction = inUse.transaction(async (tx) => {
        await executeIn(tx, insertion(1));
        await executeIn(tx, insertion(1)).catch((error: unknown) => caught.push(error));
      });
      await transaction.catch(() => undefined);
      expect(caught).toEqual([expect.any(Error)]);
      expect((caught[0] as Error).constructor.name).toMatch(failure);
      expect(await ids()).toEqual([]);
    });

    it.each([
      ['quotes and backslashes', `it's "quoted" \\ and \\' and \\\\ and ''`],
      ['what drivers take for placeholders', '? ?? \\? $1 $$ $foo :name @p1 %s {x}'],
      ['signs beyond the basic plane', 'naïve 日本 👩‍👩‍👧 \u{1F600}\u2028\u0001'],
      ['an empty text', ''],
      ['JSON over several lines', JSON.stringify({ a: "b'c", d: [1, null] }, undefined, 2)],
      ['200 kB', 'äö"\\?$1'.repeat(25_000)],
    ])('takes values byte for byte: %s', async (_, body) => {
      await inUse.transaction((tx) => executeIn(tx, insertion(1, body)));
      expect((await rows()).map((row) => row.body)).toEqual([body]);
    });

    if (ended !== undefined) {
      it('rejects once the transaction has ended, and writes nothing', async () => {
        let kept: Transaction | undefined;
        await inUse.transaction(async (tx) => {
          kept = tx;
          await executeIn(tx, insertion(1));
        });
        await expect(executeIn(kept!, insertion(2))).rejects.toThrow(ended);
        expect(await ids()).toEqual([1]);
      });
    }

    for (const name of refused) {
      it(`refuses ${name}, and writes nothing`, async () => {
        const { handle, fix } = inUse.refused![name]!;
        const refusal = executeIn(handle as Transaction, insertion(1, 'secret'));
        await expect(refusal).rejects.toMatchObject({
          code: 'ERR_CRM_VALIDATION',
          message: expect.stringMatching(fix),
        });
        await expect(refusal).rejects.not.toThrow('secret');
        expect(await ids()).toEqual([]);
      });
    }
  });
}
