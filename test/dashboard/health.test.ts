import type { TargetEntry } from '../../src/dashboard/api-contract.js';
import { healthOf, type HealthContext } from '../../src/dashboard/health.js';
import type { Pause } from '../../src/history/history.js';
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
  pausesUnknown: null,
  isOutboxReadable: true,
  observerFailures: 0,
};
const refused: Pause = { cause: { kind: 'unauthorised', status: 403 }, since: 0 };
const unreachable: Pause = { cause: { kind: 'unreachable', code: 'ENOTFOUND' }, since: 0 };

const target = (given: Partial<TargetEntry> = {}): TargetEntry => {
  const counts = { inRange: { delivered: 0, retried: 0 }, pending: 0, dead: 0, oldestAgeMs: 0 };
  return { name: 'crm', ...counts, circuit: 'closed', pause: null, ...given };
};
const paused = (pause: Pause | null, given: Partial<TargetEntry> = {}) =>
  target({ circuit: 'open', pause, pending: 1_200, ...given });

/** The health while this process delivers to one target, unless given. */
const health = (stats: Partial<Stats>, given: Partial<HealthContext> = {}) =>
  healthOf({
    stats: { ...well, ...stats },
    targets: [target()],
    deliveredBy: 'this process',
    outboxCode: undefined,
    rejections: { notValid: 0, notStored: 0 },
    oldBacklogMs: 300_000,
    ...given,
  });

describe('health', () => {
  it('names the most urgent reason first, and then the next', () => {
    const worst = { unsaved: 2, dead: 3, pending: 1_200, oldestAgeMs: 7_200_000 };
    const steps = [
      health({ ...worst, isOutboxReadable: false }, { targets: [paused(refused)], outboxCode: 'EACCES' }),
      health(worst, { targets: [paused(refused)], deliveredBy: 'nobody' }),
      health({ ...worst, unsaved: 0 }, { targets: [paused(refused)], deliveredBy: 'nobody' }),
      health({ ...worst, unsaved: 0 }, { targets: [paused(refused)] }),
      health({ ...worst, unsaved: 0 }, { targets: [paused(unreachable, { circuit: 'half-open' })] }),
      health({ ...worst, unsaved: 0 }),
      health({ ...worst, unsaved: 0, dead: 0 }),
      health({}),
    ];
    expect(steps.map(({ level, sentence }) => `${level}: ${sentence}`)).toEqual([
      'failing: The outbox cannot be read (EACCES), so its contents are unknown.',
      'failing: 2 notifications are in memory only, because the outbox does not respond.',
      'failing: No process delivers this outbox now. 1,200 notifications will wait until one does.',
      'failing: The CRM refuses the token (403): set the right CRM_AUTH_TOKEN. Delivery waits, with 1,200 notifications pending; nothing is lost.',
      'failing: The CRM cannot be reached: its name cannot be resolved (ENOTFOUND). Delivery waits, with 1,200 notifications pending; nothing is lost.',
      'attention: There are 3 dead letters: see why below, then redeliver or discard.',
      'attention: The oldest of 1,200 pending notifications has been waiting for 2 hours.',
      'fine: All is well: nothing waits, and there are no dead letters.',
    ]);
    expect(new Set(steps.map(({ code }) => code)).size).toBe(8);
  });

  it('names all that is wrong, and is as grave as the gravest of it', () => {
    const byAda: Pause = { cause: { kind: 'byHand', by: 'ada' }, since: 1_000 };
    const targets = [
      target({ pause: byAda }),
      paused(unreachable, { name: 'sales', pending: 5 }),
      paused(refused, { name: 'mail', pending: 1 }),
    ];
    const { code, others } = health({ unsaved: 2, dead: 3, oldestAgeMs: 7_200_000 }, { targets });
    expect([code, ...others.map((other) => other.code)]).toEqual([
      'unsaved',
      'crm-unreachable',
      'token-refused',
      'paused-by-hand',
      'dead-letters',
      'old-backlog',
    ]);
    // What is held is not known then.
    const unreadable = health({ isOutboxReadable: false, unsaved: 2, dead: 3 }, { targets });
    expect(unreadable.others.map((other) => other.code)).toEqual(['unsaved']);
    const neglected = target({ name: 'mail', circuit: null, pending: 2 });
    const grave = health({}, { deliveredBy: 'another process', targets: [target({ pause: byAda }), neglected] });
    expect(grave).toMatchObject({ level: 'failing', code: 'paused-by-hand', others: [{ code: 'target-neglected' }] });
  });

  it.each([
    ['ECONNREFUSED', ': it refuses connections (ECONNREFUSED).'],
    ['UND_ERR_SOCKET', ': it closes the connection (UND_ERR_SOCKET).'],
    ['EAI_AGAIN', ': its name cannot be resolved (EAI_AGAIN).'],
    ['ERR_CRM_TIMEOUT', ': it does not respond in time (ERR_CRM_TIMEOUT).'],
    ['UND_ERR_CONNECT_TIMEOUT', ': connecting to it takes too long (UND_ERR_CONNECT_TIMEOUT).'],
    ['CERT_HAS_EXPIRED', ': its certificate has expired (CERT_HAS_EXPIRED).'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', ': its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID).'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', ': its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT).'],
    ['ERR_CRM_PROXY_407', ': the proxy refuses the way to it (ERR_CRM_PROXY_407).'],
    ['EPROTO', ': no TLS connection can be made to it (EPROTO).'],
    ['EFUTURE', ': EFUTURE.'],
  ])('says %s in words', (code, words) => {
    const { sentence } = health({}, { targets: [paused({ cause: { kind: 'unreachable', code }, since: 0 })] });
    expect(sentence).toMatch(`The CRM cannot be reached${words} Delivery waits`);
  });

  it('names the target that is paused, of several', () => {
    const withSales = (pause: Pause) =>
      health({}, { targets: [target(), paused(pause, { name: 'sales', pending: 5 })] });
    expect(withSales(refused).sentence).toBe(
      'The target sales refuses the token (403): set the right targets.sales.authToken. ' +
        'Delivery to it waits, with 5 notifications pending; nothing is lost.',
    );
    expect(withSales(unreachable).sentence).toContain('The target sales cannot be reached');
    const noToken: Pause = { cause: { kind: 'unreachable', code: 'ERR_CRM_TOKEN' }, since: 0 };
    expect(withSales(noToken).sentence).toContain('No token can be got for the target sales (ERR_CRM_TOKEN)');
  });

  it('names who paused delivery by hand before what the CRM does, but after the trouble of another target', () => {
    const byAda: Pause = { cause: { kind: 'byHand', by: 'ada' }, since: 1_000 };
    const byHand = (given: Partial<TargetEntry> = {}) =>
      target({ pause: byAda, circuit: 'open', pending: 2, ...given });
    expect(health({ dead: 3 }, { targets: [byHand()] })).toEqual({
      level: 'attention',
      code: 'paused-by-hand',
      title: 'paused by ada',
      sentence: 'Delivery to crm was paused by ada at {instant}. 2 notifications pending; nothing is lost.',
      instant: 1_000,
      others: [expect.objectContaining({ code: 'dead-letters' })],
    });
    const all = [byHand(), byHand({ name: 'sales' })];
    expect(health({}, { targets: all }).sentence).toContain('Delivery to crm and sales was paused by ada');
    const byBob: Pause = { cause: { kind: 'byHand', by: 'bob' }, since: 500 };
    const apart = health({}, { targets: [byHand(), byHand({ name: 'sales', pause: byBob })] });
    expect(apart.sentence).toContain(
      'Delivery to crm and sales was paused by hand at {instant} or later. 4 notifications',
    );
    expect(apart.instant).toBe(500);
    const nobody: Pause = { cause: { kind: 'byHand', by: null }, since: 1_000 };
    expect(health({}, { targets: [byHand({ pause: nobody })] }).sentence).toContain('was paused by hand at {instant}');
    const other = paused(unreachable, { name: 'sales' });
    expect(health({}, { targets: [byHand(), other] }).sentence).toContain('The target sales cannot be reached');
  });

  it('tells of what was not accepted in the past hour, and why', () => {
    const rejections = { notValid: 2, notStored: 1_000 };
    expect(health({}, { rejections })).toMatchObject({
      level: 'attention',
      code: 'not-accepted',
      title: '1,002 not accepted',
      sentence:
        'In the past hour this process did not accept 1,002 notifications (2 not valid, 1,000 without room in the outbox), ' +
        'so the CRM never gets them: the log says why.',
    });
    expect(health({ dead: 1 }, { rejections }).others.map(({ code }) => code)).toEqual(['not-accepted']);
    const one = health({}, { rejections: { notValid: 1, notStored: 0 } });
    expect(one.sentence).toContain('1 notification (1 not valid), so the CRM never gets it');
  });

  it('reports an old backlog from the given age on', () => {
    expect(health({ pending: 1, oldestAgeMs: 299_999 }).code).toBe('fine');
    expect(health({ pending: 1, oldestAgeMs: 300_000 }).code).toBe('old-backlog');
  });

  it('is as good or bad where another process delivers, and says so', () => {
    const deliveredBy = 'another process';
    expect(health({ pending: 1 }, { deliveredBy }).sentence).toBe(
      'All is well: 1 notification on the way. Delivered by another process.',
    );
    expect(health({}, { deliveredBy, targets: [paused(unreachable)] }).code).toBe('crm-unreachable');
    const neglected = health(
      {},
      { deliveredBy, targets: [target(), target({ name: 'sales', circuit: null, pending: 2 })] },
    );
    expect(neglected).toMatchObject({ level: 'failing', code: 'target-neglected' });
    expect(neglected.sentence).toContain('does not know the target sales: 2 notifications for it will wait');
  });

  it('is never fine unless that is known', () => {
    const unknown = health({}, { deliveredBy: 'unknown', targets: [target({ circuit: null })] });
    expect(unknown).toMatchObject({ level: 'attention', code: 'unknown' });
    expect(health({}, { deliveredBy: 'nobody' })).toMatchObject({ level: 'attention', code: 'nobody-delivers' });
  });
});
