import { healthOf } from '../../src/dashboard/overview.js';
import type { Pause } from '../../src/dashboard/api-contract.js';
import type { Stats } from '../../src/index.js';

const well: Stats = {
  accepted: 10,
  rejected: 0,
  unsaved: 0,
  delivered: 10,
  retried: 0,
  unsent: 0,
  pending: 0,
  pendingBytes: 0,
  inFlight: 0,
  outboxBytes: 0,
  dead: 0,
  oldestAgeMs: 0,
  circuit: 'closed',
  targets: {},
  isDelivering: true,
  isOutboxReadable: true,
  observerFailures: 0,
};
const context = { pauses: new Map<string, Pause>(), outboxCode: undefined, oldBacklogMs: 300_000 };

const refused: Pause = { cause: { kind: 'unauthorised', status: 403 }, since: 0 };
const unreachable: Pause = { cause: { kind: 'unreachable', code: 'ENOTFOUND' }, since: 0 };
const pausedFor = (pause: Pause, target = 'crm') => ({ ...context, pauses: new Map([[target, pause]]) });
const paused = (stats: Stats, circuit: Stats['circuit'], target = 'crm'): Stats => ({
  ...stats,
  circuit,
  targets: { [target]: { ...stats, circuit } },
});

describe('health', () => {
  it('names the most urgent reason first, and then the next', () => {
    const worst: Stats = {
      ...well,
      isOutboxReadable: false,
      unsaved: 2,
      dead: 3,
      pending: 1_200,
      oldestAgeMs: 7_200_000,
    };
    const steps = [
      healthOf(paused(worst, 'open'), { ...pausedFor(refused), outboxCode: 'EACCES' }),
      healthOf(paused({ ...worst, isOutboxReadable: true }, 'open'), pausedFor(refused)),
      healthOf(paused({ ...worst, isOutboxReadable: true, unsaved: 0 }, 'open'), pausedFor(refused)),
      healthOf(paused({ ...worst, isOutboxReadable: true, unsaved: 0 }, 'half-open'), pausedFor(unreachable)),
      healthOf({ ...worst, isOutboxReadable: true, unsaved: 0 }, pausedFor(unreachable)),
      healthOf({ ...worst, isOutboxReadable: true, unsaved: 0, dead: 0 }, context),
      healthOf(well, context),
    ];
    expect(steps.map(({ level, sentence }) => `${level}: ${sentence}`)).toEqual([
      'failing: The outbox cannot be read (EACCES), so its contents are unknown.',
      'failing: 2 notifications are in memory only, because the outbox does not respond.',
      'failing: The CRM refuses the token (403): set the right CRM_AUTH_TOKEN. Delivery is paused with 1,200 notifications pending; nothing is lost.',
      'failing: The CRM cannot be reached (ENOTFOUND). Delivery is paused with 1,200 notifications pending; nothing is lost.',
      'attention: There are 3 dead letters: see why below, then redeliver or discard.',
      'attention: The oldest of 1,200 pending notifications has been waiting for 2 hours.',
      'fine: All is well: everything accepted has been delivered.',
    ]);
    expect(new Set(steps.map(({ code }) => code)).size).toBe(7);
  });

  it('names the target that is paused, of several', () => {
    const sales = paused({ ...well, pending: 5 }, 'open', 'sales');
    const stats = { ...sales, targets: { crm: well, ...sales.targets } };
    expect(healthOf(stats, pausedFor(refused, 'sales')).sentence).toBe(
      'The target sales refuses the token (403): set the right targets.sales.authToken. ' +
        'Delivery to it is paused with 5 notifications pending; nothing is lost.',
    );
    expect(healthOf(stats, pausedFor(unreachable, 'sales')).sentence).toContain('The target sales cannot be reached');
  });

  it('reports an old backlog from the given age on', () => {
    expect(healthOf({ ...well, pending: 1, oldestAgeMs: 299_999 }, context).code).toBe('fine');
    expect(healthOf({ ...well, pending: 1, oldestAgeMs: 300_000 }, context).code).toBe('old-backlog');
  });

  it('says that another process delivers', () => {
    expect(healthOf({ ...well, isDelivering: false, pending: 1 }, context).sentence).toBe(
      'All is well here; another process delivers: 1 notification on the way.',
    );
  });
});
