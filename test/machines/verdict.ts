import type { AuditReport } from './machines-audit.js';
import type { Takeover } from './stage.js';

/** Another machine has to post within this time, in milliseconds, and what the operating system was late. */
export const takeoverAllowedMs: Readonly<Record<Takeover['after'], number>> = { kill: 5_000, freeze: 10_000 };

/** Why an audit is not sound; empty for one that is. */
export function reasonsAgainst(report: AuditReport): string[] {
  const { load, missing, rolledBack, outOfOrder, doubled, uncommitted, pending, dead, takeovers } = report;
  const late = takeovers.filter(({ after, tookMs, lateMs }) => tookMs > takeoverAllowedMs[after] + lateMs);
  const reasons: readonly (readonly [count: number, reason: string])[] = [
    [load.succeeded === 0 ? 1 : 0, 'no change was seen to succeed'],
    [missing.length, `${String(missing.length)} are missing at the CRM`],
    [rolledBack.length, `${String(rolledBack.length)} arrived of what was rolled back`],
    [outOfOrder.length, `${String(outOfOrder.length)} came out of order in their lane`],
    [doubled.length, `${String(doubled.length)} came under two ids`],
    [uncommitted.length, `${String(uncommitted.length)} were seen to succeed and are not in the database`],
    [pending, `${String(pending)} are still pending`],
    [dead, `${String(dead)} are dead although the CRM would take them`],
    [report.ownEnds, `${String(report.ownEnds)} times an app ended by itself`],
    [report.uncaught.length, `${String(report.uncaught.length)} errors that no app caught`],
    [report.stubborn, `${String(report.stubborn)} apps did not end when they were asked to`],
    [report.postsAfterThaw, `${String(report.postsAfterThaw)} posts of a thawed leader whose lease had passed`],
    [report.missedTakeovers, `${String(report.missedTakeovers)} times nobody took over`],
    ...late.map(
      ({ after, tookMs, lateMs }) =>
        [
          1,
          `taken over ${tookMs.toFixed(0)} ms after a ${after}; ${String(takeoverAllowedMs[after] + lateMs)} are allowed`,
        ] as const,
    ),
  ];
  return reasons.filter(([count]) => count > 0).map(([, reason]) => reason);
}
