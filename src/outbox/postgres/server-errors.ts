import { CRMConfigError, type CRMNotificationError, CRMOutboxError } from '../../core/errors.js';

/** What failed at the server. */
export class ServerError extends CRMOutboxError {
  /** SQLSTATE, or Node's code; empty when there is none. */
  readonly state: string;

  constructor(message: string, state: string) {
    super(message);
    this.state = state;
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html, and Node's own codes; by code or by class. */
const causes: Readonly<Record<string, string>> = {
  '25006': 'the server is read-only; it may be a replica. Connect to the primary',
  '28': 'the server refuses the user or the password',
  '3D000': 'there is no such database on the server',
  '42501': 'the role lacks a right on the tables; docs/postgres.md lists what each needs',
  '42P01': 'a table of the outbox is missing; create it with: crm-notifier migrate --outbox postgres://…',
  '42703': 'a table of the outbox lacks a column; bring it up to date with: crm-notifier migrate --outbox postgres://…',
  '53100': 'the server’s disk is full',
  '53300': 'the server has no connection left; raise max_connections or use a pooler',
  '53': 'the server lacks resources',
  '57P': 'the server was stopped or is starting',
  '55P03': 'somebody holds a lock on the outbox’s tables or rows; see pg_locks and pg_stat_activity',
  '57014': 'the statement took too long and was cancelled; somebody may hold a lock on the outbox’s tables',
  '08': 'the connection was lost',
  '40': 'the transaction collided with another one',
  XX: 'the server reports damaged data or an internal error; see its log',
  ECONNREFUSED: 'nothing listens there; see whether the server runs',
  ENOENT: 'there is no such socket or file of a certificate; see host and sslrootcert',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host’s name cannot be resolved now',
  ETIMEDOUT: 'the server cannot be reached',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  CERT_HAS_EXPIRED: 'the server’s certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the server’s certificate is for another host',
  SELF_SIGNED_CERT_IN_CHAIN: 'the server’s certificate is not trusted; pass its authority as ssl.ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the server’s certificate is not trusted; pass its authority as ssl.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server’s certificate is not trusted; pass its authority as ssl.ca',
};

/**
 * Returns what failed at the server as an error of ours. The server's own words are left out, because they may quote what was
 * in a row.
 */
export function serverError(error: unknown): CRMNotificationError {
  if (error instanceof CRMConfigError || error instanceof CRMOutboxError) return error;
  const code = codeOf(error);
  const cause = causes[code] ?? causes[code.slice(0, 3)] ?? causes[code.slice(0, 2)] ?? wordOf(error);
  return new ServerError(`PostgreSQL: ${cause}${code === '' ? '' : ` (${code})`}`, code);
}

/** Whether a server may be back by itself: not if it refuses the user, has no such database, or its certificate is refused. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false;
  return !/^28|^3D|CERT|^UNABLE_TO|^ENOENT|^ERR_|^EACCES/.test(error.state) && !/TLS|password/.test(error.message);
}

function codeOf(error: unknown): string {
  // A host with several addresses fails with all their errors.
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const { code } = (typeof first === 'object' && first !== null ? first : {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** For pg's own errors, which have no code. */
function wordOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (/timeout/i.test(message)) return 'the server does not respond in time';
  if (/terminated|closed|ended|not queryable/i.test(message)) return 'the connection was lost';
  if (/SSL/i.test(message)) return 'the server does not support TLS as it is configured; see ssl and sslmode';
  if (/password|SASL/i.test(message)) return 'the server asks for a password, and none that fits was given';
  return 'a statement failed; see the server’s log';
}
