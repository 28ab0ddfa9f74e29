import { randomBytes } from 'node:crypto';
import express from 'express';
import request from 'supertest';
import { runStatement } from '../../../demo-app/postgres-server.js';
import { afterBooking, CRMConfigError } from '../../../src/index.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import type { ScriptedCrm } from '../../helpers/scripted-crm.js';
import { useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import {
  book,
  password,
  useAppDatabases,
  usePostgresNotifiers,
  type AppDatabase,
} from '../../helpers/use-postgres-notifiers.js';
import { errorOf } from '../../helpers/use-service.js';

describeOnPostgres('a role of the server', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  let crm: ScriptedCrm;
  let owner: AppDatabase;
  let ownerUrl: string;
  let role: string;
  let url: string;
  beforeEach(async () => {
    ownerUrl = await createDatabase();
    [owner, crm] = await Promise.all([connectApp(ownerUrl), startCrm()]);
    role = `role_${randomBytes(6).toString('hex')}`;
    await owner.client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'; GRANT ALL ON booking TO ${role}`);
    url = Object.assign(new URL(ownerUrl), { username: role, password }).href;
  });
  afterEach(async () => {
    // On a server that goes on, nothing of it may be left.
    await runStatement(ownerUrl, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  const opened = async (): Promise<ObservedNotifier> => {
    const made = createNotifier({ url: ownerUrl, baseUrl: crm.url });
    await made.ready();
    return made;
  };
  const openedAndClosed = async (): Promise<void> => {
    await (await opened()).close();
  };
  const open = (): ObservedNotifier => createNotifier({ url, baseUrl: crm.url });
  const problemOf = async (app: ObservedNotifier): Promise<string> => {
    const error = await errorOf(app.ready());
    expect(error).toBeInstanceOf(CRMConfigError);
    return error.message;
  };
  const grant = (text: string): Promise<unknown> => owner.client.query(`GRANT ${text} TO ${role}`);
  const all = async (): Promise<void> => {
    await grant('SELECT, INSERT, UPDATE, DELETE ON crm_outbox');
    await grant('SELECT, INSERT, DELETE ON crm_outbox_dead');
    await grant('SELECT, INSERT, UPDATE ON crm_outbox_state');
    await grant('SELECT, INSERT, UPDATE, DELETE ON crm_outbox_processes');
    await grant('SELECT, INSERT, UPDATE, DELETE ON crm_outbox_minutes');
    await grant('SELECT, INSERT, UPDATE ON crm_outbox_pauses');
    await grant('SELECT, INSERT, UPDATE, DELETE ON crm_outbox_timeline');
    await grant('SELECT, INSERT, DELETE ON crm_outbox_delivered');
    await grant('SELECT, INSERT, UPDATE, DELETE ON crm_outbox_types');
  };

  it('that may not create tables is told to let another role do it', async () => {
    const app = open();
    expect(await problemOf(app)).toMatch(/does not exist, and this role may not change that\. Let a role that may run/);
    const database = await connectApp(url);
    expect(await errorOf(book(app, database, 1))).toBeInstanceOf(CRMConfigError);
    expect(await database.bookings()).toEqual([]);
    // It needs a remedy, so it is not tried again.
    expect(app.log.at('error')).toHaveLength(1);
  });

  it('with what the documents list delivers, dead letters, retries and their redelivery included', async () => {
    await openedAndClosed();
    await all();
    const app = open();
    const database = await connectApp(url);
    const refuseOnce = (status: number) => {
      crm.answerWith((_received, res) => {
        crm.answerWith((_next, later) => void later.end('{}'));
        res.writeHead(status).end();
      });
    };
    refuseOnce(422);
    await book(app, database, 1);
    const [dead] = await app.hear('dead');
    expect(await app.deadLetters.list()).toHaveLength(1);
    refuseOnce(503);
    expect(await app.deadLetters.redeliver(dead!.id)).toBe(1);
    await app.hear('delivered');
    expect(await app.stats()).toMatchObject({ pending: 0, dead: 0, delivered: 1, retried: 1 });
    expect(await app.notifier.processes()).toMatchObject([{ isLeader: true }]);
    await app.close();
    expect(app.troubles()).toEqual([]);
  });

  it('with INSERT alone accepts in transactions and by hooks, and another process delivers', async () => {
    const deliverer = await opened();
    await grant('INSERT ON crm_outbox');
    const app = open();
    const database = await connectApp(url);
    const routes = express()
      .use(app.notifier.middleware())
      .post(
        '/bookings',
        afterBooking('created'),
        (_req, res) => void res.status(201).json({ id: 2, userId: 1, sessionId: 3 }),
      );
    await book(app, database, 1);
    await request(routes).post('/bookings').expect(201);
    await deliverer.hear('delivered', 2);
    expect(await app.stats()).toMatchObject({ isDelivering: false, isOutboxReadable: false, pending: 0, accepted: 2 });
    expect(await app.notifier.processes()).toBeUndefined();
    expect((await errorOf(app.deadLetters.list())).message).toContain('this role may only INSERT');
    expect(await app.close()).toEqual({ delivered: 0, pending: 0, dead: 0 });
    expect([...app.troubles(), ...deliverer.troubles()]).toEqual([]);
    expect(app.log.at('error')).toEqual([]);
  });

  it('with INSERT alone tells twice of nothing: what was committed already is left as it is', async () => {
    await openedAndClosed();
    await grant('INSERT ON crm_outbox');
    const app = open();
    await app.accept('lane');
    const [row] = await owner.rows<{ id: string }>('SELECT * FROM crm_outbox');
    const deliverer = await opened();
    await deliverer.flush();
    expect(crm.received).toHaveLength(1);
    expect(crm.received[0]?.json?.['notification_id']).toBe(row?.id);
  });

  it('without any right on the table is told which to grant', async () => {
    await openedAndClosed();
    expect(await problemOf(open())).toContain('cannot be written by this role: GRANT INSERT on it');
  });

  it('without the right to use the schema is told so', async () => {
    const made = createNotifier({ url: ownerUrl, baseUrl: crm.url, table: 'sales.outbox' });
    await made.ready();
    await made.close();
    expect(await problemOf(createNotifier({ url, table: 'sales.outbox' }))).toContain('GRANT USAGE ON SCHEMA "sales"');
  });

  it.each([
    ['INSERT', 'crm_outbox'],
    ['UPDATE', 'crm_outbox'],
    ['DELETE', 'crm_outbox'],
    ['SELECT', 'crm_outbox_dead'],
    ['INSERT', 'crm_outbox_dead'],
    ['DELETE', 'crm_outbox_dead'],
    ['SELECT', 'crm_outbox_state'],
    ['INSERT', 'crm_outbox_state'],
    ['UPDATE', 'crm_outbox_state'],
    ['SELECT', 'crm_outbox_processes'],
    ['INSERT', 'crm_outbox_processes'],
    ['UPDATE', 'crm_outbox_processes'],
    ['DELETE', 'crm_outbox_processes'],
    ['SELECT', 'crm_outbox_minutes'],
    ['INSERT', 'crm_outbox_minutes'],
    ['UPDATE', 'crm_outbox_minutes'],
    ['DELETE', 'crm_outbox_minutes'],
    ['SELECT', 'crm_outbox_pauses'],
    ['INSERT', 'crm_outbox_pauses'],
    ['UPDATE', 'crm_outbox_pauses'],
    ['SELECT', 'crm_outbox_timeline'],
    ['INSERT', 'crm_outbox_timeline'],
    ['UPDATE', 'crm_outbox_timeline'],
    ['DELETE', 'crm_outbox_timeline'],
    ['SELECT', 'crm_outbox_delivered'],
    ['INSERT', 'crm_outbox_delivered'],
    ['DELETE', 'crm_outbox_delivered'],
    ['SELECT', 'crm_outbox_types'],
    ['INSERT', 'crm_outbox_types'],
    ['UPDATE', 'crm_outbox_types'],
    ['DELETE', 'crm_outbox_types'],
  ])('that lacks only %s on %s is told just that', async (right, table) => {
    await openedAndClosed();
    await all();
    await owner.client.query(`REVOKE ${right} ON ${table} FROM ${role}`);
    expect(await problemOf(open())).toContain(`It lacks: GRANT ${right} ON "public"."${table}". `);
  });

  it('that loses a right while it delivers says so once, and goes on when it has it again', async () => {
    await openedAndClosed();
    await all();
    const app = open();
    await app.accept('a');
    await app.hear('delivered', 1);
    await owner.client.query(`REVOKE DELETE ON crm_outbox FROM ${role}`);
    await app.accept('b');
    await app.hear('outboxFailed');
    expect(app.log.at('error')).toMatchObject([
      {
        message: expect.stringContaining(
          'the role lacks a right on the tables; docs/postgres.md lists what each needs',
        ),
      },
    ]);
    await grant('DELETE ON crm_outbox');
    await app.hear('delivered', 2);
    await app.flush();
    expect(await owner.rows('SELECT * FROM crm_outbox')).toEqual([]);
    expect(app.log.at('error')).toHaveLength(1);
  });
});
