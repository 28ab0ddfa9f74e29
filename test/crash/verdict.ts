import type { AuditOptions } from './audit-options.js';
import type { AuditReport } from './crash-audit.js';
import { longestWaitAllowedMs, noticeAllowedMs } from './waits.js';

/** Why an audit is not sound; empty for one that is. */
export function reasonsAgainst(report: AuditReport, options: Pick<AuditOptions, 'workMs'>): string[] {
  const waitAllowedMs = longestWaitAllowedMs(options) + report.longestWait.lateMs;
  const { load, lost, vanishedCount, wronglyDead, outOfOrder, doubled, pending, unnoticed, calmCount } = report;
  const lateNotices = report.notices.filter(({ tookMs, lateMs }) => tookMs > noticeAllowedMs(options) + lateMs);
  const reasons: readonly (readonly [isSo: boolean, reason: string])[] = [
    [load.succeeded === 0, 'no booking was seen to succeed'],
    [load.failed > 0, `${load.failed} requests were answered with a failure`],
    [lost.length > vanishedCount, `${lost.length - vanishedCount} were lost: seen to succeed, and never arrived`],
    [vanishedCount > 0, `${vanishedCount} dead letters vanished`],
    [wronglyDead.length > 0, `${wronglyDead.length} are dead although the CRM would take them`],
    [outOfOrder > 0, `${outOfOrder} came out of order in their lane`],
    [doubled > 0, `${doubled} came under two ids`],
    [pending > 0, `${pending} are still pending`],
    [report.failedStarts > 0, `${report.failedStarts} times an app ended at its start`],
    [report.falseBlames > 0, `${report.falseBlames} times the outbox was blamed for an app that stood still`],
    [unnoticed.length > 0, `an app never noticed: ${[...new Set(unnoticed)].join(', ')}`],
    ...lateNotices.map(
      ({ name, tookMs, lateMs }) =>
        [true, `"${name}" was noticed after ${tookMs} ms; ${noticeAllowedMs(options) + lateMs} are allowed`] as const,
    ),
    [
      report.longestWait.waitedMs > waitAllowedMs,
      `a good one waited ${report.longestWait.waitedMs} ms while all were up; ${waitAllowedMs} are allowed`,
    ],
    [
      calmCount > 0 && report.discardedCalmCount === calmCount,
      `the machine was too late in each of the ${calmCount} calm times: nobody knows how long good ones wait`,
    ],
  ];
  return reasons.filter(([isSo]) => isSo).map(([, reason]) => reason);
}
