import { Pool, type PoolClient } from 'pg';
import { insertStatement } from '../../../src/outbox/postgres/insert-statement.js';
import { openPostgresTables, type PostgresTables } from '../../helpers/postgres-tables.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { accept, reply, type Received, type ScriptedCrm } from '../../helpers/scripted-crm.js';
import { createSeededRandom } from '../../helpers/seeded-random.js';
import { useCrm } from '../../helpers/use-crm.js';
import { usePostgresDelivery } from '../../helpers/use-postgres-delivery.js';
import { describeOnOwnPostgres, describeOnPostgres, useOwnPostgres, usePostgres } from '../../helpers/use-postgres.js';

interface Note {
  readonly lane: string;
  readonly step: number;
}

const startCrm = useCrm();
const startDelivery = usePostgresDelivery();
let stored: PostgresTables;
let crm: ScriptedCrm;
let app: Pool;
// After the deliveries have stopped, and before the server does.
afterEach(async () => {
  await app.end();
  await stored.close();
});
const startPostgres = useOwnPostgres();

async function open(url: string): Promise<void> {
  stored = await openPostgresTables(url);
  crm = await startCrm();
  app = new Pool({ connectionString: url, max: 16 });
  app.on('error', () => undefined);
}

/** Writes a notification in the transaction, as `crm.in(tx)` does. */
async function tell(tx: Pick<PoolClient, 'query'>, lane: string, step: number): Promise<void> {
  const body = JSON.stringify({ lane, step });
  const { text, values } = insertStatement(stored.outbox.table, sampleNotification({ lane, body }));
  await tx.query(text, [...values]);
}

async function begin(): Promise<PoolClient> {
  const tx = await app.connect();
  await tx.query('BEGIN');
  return tx;
}

async function commit(tx: PoolClient): Promise<void> {
  await tx.query('COMMIT');
  tx.release();
}

const noteOf = ({ json }: Received): Note => json as unknown as Note;

/** The steps of each lane, in the order in which the CRM got them. */
function stepsByLane(received: readonly Received[]): Record<string, number[]> {
  const lanes: Record<string, number[]> = {};
  for (const { lane, step } of received.map(noteOf)) (lanes[lane] ??= []).push(step);
  return lanes;
}

const lanesWith = (count: number, steps: readonly number[]): Record<string, readonly number[]> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`booking:${String(index)}`, steps]));

describeOnPostgres.each([
  { memory: 'as many rows in memory as usual', maxRows: undefined },
  { memory: 'one row in memory', maxRows: 1 },
  { memory: 'two rows in memory', maxRows: 2 },
  { memory: 'three rows in memory', maxRows: 3 },
])('the order of what is told in transactions, with $memory', ({ maxRows }) => {
  const createDatabase = usePostgres();
  beforeEach(async () => open(await createDatabase()));

  it('is that of the calls in one transaction: 200 of 200 bookings', async () => {
    const random = createSeededRandom();
    const delivery = await startDelivery({ stored, baseUrl: crm.url, maxRows });
    const lanes = Object.keys(lanesWith(200, []));
    const book = async (lane: string): Promise<void> => {
      const tx = await begin();
      await tell(tx, lane, 1);
      await tell(tx, lane, 2);
      // So that later ones commit before it.
      for (let count = random.below(3); count > 0; count -= 1) await tx.query('SELECT 1');
      await commit(tx);
      delivery.lookSoon();
    };
    await Promise.all(lanes.map(book));
    expect(stepsByLane(await crm.waitFor(400))).toEqual(lanesWith(200, [1, 2]));
  });

  it("is that of the commits where a row's lock decides, whichever transaction began first: 50 of 50 bookings", async () => {
    await app.query('CREATE TABLE bookings (id text PRIMARY KEY, version integer NOT NULL)');
    const delivery = await startDelivery({ stored, baseUrl: crm.url, maxRows });
    const lanes = Object.keys(lanesWith(50, []));
    const book = async (lane: string): Promise<void> => {
      await app.query('INSERT INTO bookings VALUES ($1, 0)', [lane]);
      const change = 'UPDATE bookings SET version = version + 1 WHERE id = $1 RETURNING version';
      const early = await begin();
      // It has its transaction id, and its `now()`, before the other one.
      await early.query('SELECT pg_current_xact_id()');
      const late = await begin();
      await late.query(change, [lane]);
      const changed = early.query<{ version: number }>(change, [lane]);
      await tell(late, lane, 1);
      await commit(late);
      await tell(early, lane, (await changed).rows[0]!.version);
      await commit(early);
      delivery.lookSoon();
    };
    // Two connections each.
    for (let index = 0; index < lanes.length; index += 8) await Promise.all(lanes.slice(index, index + 8).map(book));
    expect(stepsByLane(await crm.waitFor(100))).toEqual(lanesWith(50, [1, 2]));
  });

  it('stays as it was when what a booking waits for is settled by another leader', async () => {
    await crm.behave((received, res) =>
      noteOf(received).step === 1 ? reply(503, '', { 'retry-after': '60' })(received, res) : accept(received, res),
    );
    const delivery = await startDelivery({ stored, baseUrl: crm.url, maxRows });
    await tell(app, 'booking:1', 1);
    delivery.lookSoon();
    const waiting = async (): Promise<boolean> =>
      (await stored.run(`SELECT FROM ${stored.tables.pending} WHERE due_at IS NOT NULL`)).length > 0;
    while (!(await waiting()));
    // Not read, because they have to wait as well; what is told elsewhere shows that it was looked for them.
    for (const step of [2, 3, 4]) await tell(app, 'booking:1', step);
    await tell(app, 'booking:2', 2);
    delivery.lookSoon();
    await crm.waitFor(2);
    await stored.run(`DELETE FROM ${stored.tables.pending} WHERE due_at IS NOT NULL`);
    await tell(app, 'booking:1', 5);
    delivery.lookSoon();
    expect(stepsByLane(await crm.waitFor(6))).toEqual({ 'booking:1': [1, 2, 3, 4, 5], 'booking:2': [2] });
  });
});

describeOnOwnPostgres('the order of what is told in transactions, while the server is restarted', () => {
  it('stays as it was, whatever the leader had read before', async () => {
    const server = await startPostgres();
    await open(await server.createDatabase());
    await startDelivery({ stored, baseUrl: crm.url });
    await tell(app, 'booking:1', 1);
    await tell(app, 'booking:1', 2);
    await crm.waitFor(2);
    await server.stop('immediate');
    await server.start();
    const tx = await begin();
    for (const step of [3, 4, 5, 6]) await tell(tx, 'booking:1', step);
    await commit(tx);
    const received = await crm.waitFor(6);
    expect([...new Set(stepsByLane(received)['booking:1'])]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
