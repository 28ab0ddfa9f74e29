import type { TableName } from './postgres-outbox.js';

/** The version of the tables that this code reads and writes. */
export const schemaVersion = 5;

/** The tables of an outbox and its channel for LISTEN, quoted for SQL. */
export interface OutboxTables {
  /** The pending notifications. */
  readonly pending: string;
  readonly dead: string;
  /** One row: version, lease, the URL that worked. */
  readonly state: string;
  /** A row for each process that uses the outbox. */
  readonly processes: string;
  /** What happened in each minute. */
  readonly minutes: string;
  /** The latest change by hand of each target's pause. */
  readonly pauses: string;
  /** What happened to notifications. */
  readonly timeline: string;
  /** The latest that were delivered, without bodies. */
  readonly delivered: string;
  /** What happened to the notifications of each type, in steps of several lengths. */
  readonly types: string;
  readonly channel: string;
}

export function tablesOf({ schema, name }: TableName): OutboxTables {
  const quoted = (ending: string): string => `"${schema}"."${name}${ending}"`;
  return {
    pending: quoted(''),
    dead: quoted('_dead'),
    state: quoted('_state'),
    processes: quoted('_processes'),
    minutes: quoted('_minutes'),
    pauses: quoted('_pauses'),
    timeline: quoted('_timeline'),
    delivered: quoted('_delivered'),
    types: quoted('_types'),
    // Of a longer name PostgreSQL would keep 63 characters.
    channel: `"${`${name}.${schema}`.slice(0, 63)}"`,
  };
}

/** How the tables come from one version to the next, with what each step is for. Never change one; add one. */
export function migrationsOf(table: TableName): readonly (readonly string[])[] {
  const { pending, dead, state, processes, minutes, pauses, timeline, delivered, types } = tablesOf(table);
  const index = (ending: string): string => `"${table.name}_${ending}"`;
  return [
    [
      // `seq` is assigned by the INSERT, so after a row of the booking was locked: in a lane its order is that of the commits.
      // `xid` lets the leader find what committed since it last read. A body is text, so that its bytes stay the same.
      `CREATE TABLE ${pending} (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  target text NOT NULL,
  type text NOT NULL,
  lane text NOT NULL,
  occurred_at bigint NOT NULL,
  accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz,
  traceparent text,
  body text NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  UNIQUE (id, target)
) WITH (${vacuumOften}, ${vacuumOften.replaceAll('autovacuum', 'toast.autovacuum')})`,
      `CREATE INDEX ${index('commits')} ON ${pending} (xid, seq)`,
      `CREATE INDEX ${index('lanes')} ON ${pending} (lane, target, seq)`,
      // What waits for its next attempt; while all goes well, these two are empty.
      `CREATE INDEX ${index('waiting')} ON ${pending} (lane, target, seq) WHERE due_at IS NOT NULL`,
      `CREATE INDEX ${index('due')} ON ${pending} (due_at) WHERE due_at IS NOT NULL`,
      `CREATE TABLE ${dead} (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  target text NOT NULL,
  type text NOT NULL,
  lane text NOT NULL,
  occurred_at bigint NOT NULL,
  died_at timestamptz NOT NULL,
  attempts integer NOT NULL,
  reason_kind text NOT NULL,
  reason_status integer,
  reason_detail text NOT NULL,
  traceparent text,
  body text NOT NULL,
  UNIQUE (id, target)
)`,
      `CREATE INDEX ${index('dead_died_at')} ON ${dead} (died_at)`,
      // `ages_from`: nothing accepted earlier counts as older than this, because the server's clock jumped then.
      `CREATE TABLE ${state} (
  is_row boolean PRIMARY KEY DEFAULT true CHECK (is_row),
  version integer NOT NULL,
  leader uuid,
  leads_until timestamptz,
  ages_from timestamptz NOT NULL DEFAULT '-infinity',
  known_url text
) WITH (fillfactor = 50)`,
      `INSERT INTO ${state} (version) VALUES (0)`,
      `CREATE TABLE ${processes} (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50)`,
    ],
    [
      // What each process knows of the targets that it delivers to, and what all of them have done.
      `ALTER TABLE ${processes} ADD COLUMN targets jsonb NOT NULL DEFAULT '{}'`,
      `CREATE TABLE ${minutes} (
  start_at bigint NOT NULL,
  target text NOT NULL,
  accepted bigint NOT NULL,
  delivered bigint NOT NULL,
  retried bigint NOT NULL,
  dead bigint NOT NULL,
  PRIMARY KEY (start_at, target)
) WITH (fillfactor = 50)`,
    ],
    [
      // Without a target (the empty name) a change is of all. The greatest number is the latest: a clock may jump.
      `CREATE TABLE ${pauses} (
  target text PRIMARY KEY,
  number bigint NOT NULL,
  is_paused boolean NOT NULL,
  changed_by text,
  changed_at timestamptz NOT NULL
)`,
    ],
    [
      // An empty id is for what concerns more than one notification.
      `CREATE TABLE ${timeline} (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL,
  target text NOT NULL,
  type text NOT NULL,
  lane text NOT NULL,
  kind text NOT NULL,
  at bigint NOT NULL,
  last_at bigint NOT NULL,
  count integer NOT NULL,
  attempts integer NOT NULL,
  status integer,
  code text,
  duration_ms float8,
  detail text NOT NULL,
  by text
)`,
      `CREATE INDEX ${index('timeline_of_id')} ON ${timeline} (id, target)`,
      `CREATE TABLE ${delivered} (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL,
  target text NOT NULL,
  type text NOT NULL,
  lane text NOT NULL,
  accepted_at bigint NOT NULL,
  delivered_at bigint NOT NULL,
  attempts integer NOT NULL,
  status integer NOT NULL,
  duration_ms float8 NOT NULL
)`,
      `CREATE INDEX ${index('delivered_by_id')} ON ${delivered} (id)`,
    ],
    [
      `CREATE TABLE ${types} (
  step_ms bigint NOT NULL,
  start_at bigint NOT NULL,
  target text NOT NULL,
  type text NOT NULL,
  accepted bigint NOT NULL,
  delivered bigint NOT NULL,
  retried bigint NOT NULL,
  dead bigint NOT NULL,
  PRIMARY KEY (step_ms, start_at, target, type)
) WITH (fillfactor = 50)`,
    ],
  ];
}

/** Rows live for milliseconds: at the usual share of a large table the dead ones would never be many enough. */
const vacuumOften =
  'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0';
