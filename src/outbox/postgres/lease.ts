import type { Clock } from '../../core/clock.js';
import { type OutboxTables, schemaVersion } from './schema.js';
import type { RunSql } from './postgres-server.js';
import { msOf } from './stored-rows.js';

/**
 * The lease that makes one of the processes that share an outbox its leader: a row, and the server's clock. An advisory lock
 * would not do: it outlives a frozen holder, and a pooler gives it to two.
 */
export interface Lease {
  /** Whether this process leads now, by a clock that goes on while it is stopped. */
  isValid(): boolean;
  /** Takes or renews the lease if that is possible. Resolves to whether this process leads. */
  take(): Promise<boolean>;
  /** Lets another process take it. */
  giveUp(): Promise<void>;
}

export interface LeaseOptions {
  readonly run: RunSql;
  readonly tables: OutboxTables;
  readonly processId: string;
  readonly clock: Clock;
  /** The server's clock has jumped ahead, or back if that is negative, while this process led. */
  readonly onJump: (jumpMs: number) => void;
}

/** A killed leader is replaced once this has passed and another process has looked, which it does once a second. */
const leaseMs = 3_500;
/** How much earlier the holder stops: the time a request to the CRM may take to leave this process. */
const marginMs = 500;
const renewAfterMs = 1_000;
/** Less is no jump. When the server's clock is ahead by more, what was accepted before would look old; so `ages_from` is set with the lease. */
const maxJumpMs = 60_000;

export function createLease({ run, tables: { state }, processId, clock, onJump }: LeaseOptions): Lease {
  /** On both clocks, because each of them may stand still while the process or its machine does. */
  let takenAt: { readonly monotonicMs: number; readonly wallMs: number } | undefined;
  let serverMs: number | undefined;
  let taking: Promise<boolean> | undefined;

  const ageMs = (): number =>
    takenAt === undefined
      ? Infinity
      : Math.max(clock.monotonicMs() - takenAt.monotonicMs, Math.abs(clock.now() - takenAt.wallMs));

  const isValid = (): boolean => ageMs() < leaseMs - marginMs;

  const takeNow = async (): Promise<boolean> => {
    const sentAt = { monotonicMs: clock.monotonicMs(), wallMs: clock.now() };
    const elapsedMs = takenAt === undefined ? undefined : sentAt.monotonicMs - takenAt.monotonicMs;
    const [row] = await run(
      `INSERT INTO ${state} AS s (version, leader, leads_until)
       VALUES ($3, $1::uuid, clock_timestamp() + $2 * interval '1 millisecond')
       ON CONFLICT (is_row) DO UPDATE SET leader = excluded.leader, leads_until = excluded.leads_until,
              ages_from = greatest(s.ages_from, CASE WHEN s.leads_until < clock_timestamp() - interval '1 day'
                                                     THEN clock_timestamp() - interval '1 day' END,
                                                CASE WHEN s.leader = $1::uuid
                                                      AND clock_timestamp() - s.leads_until > $4 * interval '1 millisecond'
                                                     THEN clock_timestamp() END)
        WHERE s.leader IS NULL OR s.leader = $1::uuid OR s.leads_until < clock_timestamp()
           OR s.leads_until > clock_timestamp() + interval '1 minute'
       RETURNING ${msOf('clock_timestamp()')} AS server_ms`,
      [processId, leaseMs, schemaVersion, elapsedMs === undefined ? null : elapsedMs - leaseMs + maxJumpMs],
      { name: 'crm_lease' },
    );
    if (row === undefined) {
      takenAt = undefined;
      serverMs = undefined;
      return false;
    }
    reportJump(Number(row['server_ms']), elapsedMs ?? 0);
    takenAt = sentAt;
    return isValid();
  };

  const reportJump = (nowMs: number, elapsedMs: number): void => {
    const jumpMs = serverMs === undefined ? 0 : nowMs - serverMs - elapsedMs;
    serverMs = nowMs;
    if (Math.abs(jumpMs) >= maxJumpMs) onJump(jumpMs);
  };

  const take = (): Promise<boolean> => {
    taking ??= takeNow().finally(() => {
      taking = undefined;
    });
    return taking;
  };

  return {
    isValid,
    async take() {
      if (!isValid()) return take();
      // While it is valid nobody waits for its renewal; if that fails, it runs out.
      if (ageMs() > renewAfterMs) take().catch(() => undefined);
      return true;
    },
    async giveUp() {
      await taking?.catch(() => undefined);
      if (takenAt === undefined) return;
      takenAt = undefined;
      await run(`UPDATE ${state} SET leader = NULL, leads_until = NULL WHERE leader = $1::uuid`, [processId]);
    },
  };
}
