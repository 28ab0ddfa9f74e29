export interface AuditOptions {
  /** How often an app is killed with SIGKILL. */
  readonly kills: number;
  /** How long an app lives at most until it is killed, in milliseconds. */
  readonly maxLifeMs: number;
  /** How many apps share the outbox. */
  readonly processes: number;
  /** The directory of the built package to audit; this one unless said otherwise. */
  readonly package: string | undefined;
  /** Whether the post office runs in the app's own thread. */
  readonly isInline: boolean;
  /** Whether the CRM is killed and started again, too. */
  readonly killsCrm: boolean;
  /** Whether the CRM resets connections, leaves some half open, is slow and answers 503. */
  readonly hasFaults: boolean;
  /** Whether the post office's thread is ended now and then. */
  readonly endsThread: boolean;
  /** Whether the disk is full now and then: no file of an app's may grow. */
  readonly fillsDisk: boolean;
  /** Whether an app's thread, or all of the app, stands still now and then for longer than `holdMs`. */
  readonly stallsApp: boolean;
  /** Whether the CRM never takes some of the bookings, and fails in a way of its own for each. */
  readonly hasPoison: boolean;
  /** Whether files of the outbox are deleted or replaced while in use. */
  readonly faultsFiles: boolean;
  /** Whether the wall clock jumps. */
  readonly jumpsClock: boolean;
  /** What the machine may take to deliver what has piled up, in milliseconds; see `waits.ts`. */
  readonly workMs: number;
  /** Whether each booking is owed to two targets. */
  readonly hasTwoTargets: boolean;
  /** Whether notifications are sent in batches. */
  readonly sendsBatches: boolean;
  /** No more kills after so many seconds. */
  readonly maxSeconds: number;
  /** Whether to leave the files where they are. */
  readonly keepsFiles: boolean;
}

/** What each booking is owed to. */
export function targetsOf({ hasTwoTargets }: Pick<AuditOptions, 'hasTwoTargets'>): readonly string[] {
  return hasTwoTargets ? ['crm', 'sales'] : ['crm'];
}

/**
 * The app's `holdMs`. A response that was let go is none that is stored, and an outbox may really not answer for a while on a
 * busy machine. So it is long, and no response is let go.
 */
export const patientHoldMs = 30_000;
/** That of an app that is to stand still for longer; short, so that many stalls fit into an audit. */
export const stallHoldMs = 400;
