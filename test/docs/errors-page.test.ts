import * as errors from '../../src/core/errors.js';
import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import { refuseChange, refuseUnauthorised } from '../../src/dashboard/request-guard.js';
import { createHookReports } from '../../src/hooks/hook-reports.js';
import { logEvent } from '../../src/observe/log-event.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import { CRMNotificationService } from '../../src/index.js';
import { createReceiverReports } from '../../src/receiver/receiver-reports.js';
import { createLogCollector, type LogCollector } from '../helpers/log-collector.js';
import { reply } from '../helpers/scripted-crm.js';
import { testToken } from '../helpers/stage.js';
import { useCrm } from '../helpers/use-crm.js';
import { registration } from '../receiver/use-receiver.js';
import { codeIn, readPage, shownTexts, sourceFiles, tablesOf } from './source-text.js';

const page = readPage('errors.md');
const tables = tablesOf(page);
const files = sourceFiles();
const source = [...files.values()].join('\n');

/** Node's own, which this package raises as Node does, or leaves alone. */
const codesOfNode = new Set([
  'ERR_ACCESS_DENIED',
  'ERR_ASSERTION',
  'ERR_DLOPEN_DISABLED',
  'ERR_INTERNAL',
  'ERR_STREAM_WRITE_AFTER_END',
]);

const rowsUnder = (heading: string): readonly (readonly string[])[] =>
  tables.filter((table) => table.heading === heading).flatMap(({ rows }) => rows);
const codesUnder = (heading: string): readonly string[] =>
  rowsUnder(heading).flatMap(([code = '']) => codeIn(code).filter((word) => word.length > 3));

describe('the codes of docs/errors.md', () => {
  const inSource = [...source.matchAll(/'(ERR_[A-Z_]+)'/g)]
    .map(([, code = '']) => code)
    .filter((code) => !codesOfNode.has(code));
  const ours = ['The errors', 'Codes of an attempt', 'Codes of the command line']
    .flatMap(codesUnder)
    .filter((code) => code.startsWith('ERR_') && !codesOfNode.has(code));

  it('are those of src, each once', () => {
    expect([...ours].sort()).toEqual([...new Set(inSource)].sort());
  });

  it('have the class and the `retryable` that src gives them', () => {
    const made = [
      new errors.CRMConfigError([]),
      new errors.CRMValidationError([]),
      new errors.CRMNotMountedError(''),
      new errors.CRMOutboxError(''),
      new errors.CRMTimeoutError('', { timeoutMs: 1 }),
      new errors.CRMConnectionError(''),
      new errors.CRMHttpError('', { status: 500, retryable: true }),
      new errors.CRMResponseError('', { status: 200 }),
    ];
    const shown = rowsUnder('The errors').map(([code = '', name = '', , retryable = '']) => {
      return [codeIn(code)[0], codeIn(name)[0], !/^no\b/.test(retryable)];
    });
    expect(shown).toEqual(made.map(({ code, name, retryable }) => [code, name, retryable]));
  });

  it('have every code of an attempt that src has words for', () => {
    const explained = [...(files.get('client/failure-cause.ts') ?? '').matchAll(/case '(\w+)':/g)].map(
      ([, code = '']) => code,
    );
    expect(explained.length).toBeGreaterThan(15);
    const shown = codesUnder('Codes of an attempt');
    expect(explained.filter((code) => !shown.includes(code))).toEqual([]);
  });

  it('have every kind of dead letter', () => {
    const kinds = /readonly kind: ('rejected'[^;]*);/.exec(files.get('outbox/dead-letter.ts') ?? '')?.[1] ?? '';
    expect(codesUnder('Dead letters')).toEqual([...kinds.matchAll(/'(\w+)'/g)].map(([, kind]) => kind));
  });
});

interface ShownLine {
  readonly heading: string;
  readonly level: string;
  readonly line: string;
  readonly events: readonly string[];
}

const shownLines: readonly ShownLine[] = tables
  .filter(({ header }) => header[0] === 'level')
  .flatMap(({ heading, header, rows }) =>
    rows.map(([level = '', line = '', events = '']) => ({
      heading,
      level,
      line: codeIn(line)[0] ?? '',
      events: header[2] === 'event' ? codeIn(events) : [],
    })),
  );

/** Whether a logged message is what a line of the page shows, with `…` for what differs. */
const fits = (shown: string, message: string): boolean => {
  const pattern = shown
    .split('…')
    .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(message);
};

/** The lines that were logged at WARN or ERROR and are on the page under no level of theirs. */
const notShown = (log: LogCollector, event?: string): readonly string[] =>
  log.lines
    .filter(({ level }) => level === 'warn' || level === 'error')
    .filter(({ level, message }) => {
      const found = shownLines.find((shown) => shown.level.toLowerCase() === level && fits(shown.line, message));
      return found === undefined || (event !== undefined && !found.events.includes(event));
    })
    .map(({ message }) => message);

const target = 'crm';
const attempt = {
  id: 'a',
  target,
  type: 't',
  lane: 'l',
  attempts: 1,
  wasSent: true,
  durationMs: 1,
  endedAt: 1,
  traceparent: undefined,
};
const error = { name: 'Error', code: 'ENOSPC', message: 'no space left on device' };

/** Every kind of event, so that a new one is missed here by the compiler. */
const events: { readonly [Kind in DeliveryEvent['kind']]: readonly Extract<DeliveryEvent, { kind: Kind }>[] } = {
  delivered: [{ kind: 'delivered', ...attempt, status: 200, isReplyNotJson: true, ageMs: 1 }],
  retry: [{ kind: 'retry', ...attempt, status: 503, code: undefined, detail: 'busy', delayMs: 1, circuit: 'closed' }],
  unsent: [{ kind: 'unsent', ...attempt, code: 'ECONNREFUSED', circuit: 'closed' }],
  dead: [{ kind: 'dead', ...attempt, reason: { kind: 'rejected', status: 422, detail: '' } }],
  refused: [{ kind: 'refused', ...attempt, status: 401, detail: 'no', delayMs: 1 }],
  paused: [
    { kind: 'paused', target, cause: { kind: 'unreachable', code: 'ECONNREFUSED' } },
    { kind: 'paused', target, cause: { kind: 'unreachable', code: 'ERR_CRM_TOKEN' } },
    { kind: 'paused', target, cause: { kind: 'unauthorised', status: 401 } },
    { kind: 'paused', target, cause: { kind: 'misdirected', status: 404 } },
  ],
  resumed: [{ kind: 'resumed', target }],
  pausedByHand: [{ kind: 'pausedByHand', target, by: 'ada', since: 1 }],
  resumedByHand: [{ kind: 'resumedByHand', target, by: null }],
  outboxFailed: [{ kind: 'outboxFailed', operation: 'append', error }],
  outboxRepaired: [{ kind: 'outboxRepaired', message: 'the outbox file was damaged; it is kept as x, and …' }],
  threadRestarted: [{ kind: 'threadRestarted', message: 'the thread has ended or hangs; it is started again, and …' }],
  deliveryFailed: [{ kind: 'deliveryFailed', target, error }],
};

describe('the log lines of docs/errors.md', () => {
  const start = useCrm();

  it.each(Object.entries(events))('have what the event %s logs', (kind, examples) => {
    for (const example of examples) {
      const log = createLogCollector();
      const urls = new Map([[target, 'http://crm.example.com/notify']]);
      logEvent(createSafeLogger(log), example, { urls, tokenHosts: new Map(), isOnDisk: true });
      expect(notShown(log, kind)).toEqual([]);
    }
  });

  it('name no event that there is not', () => {
    const named = shownLines.flatMap((shown) => shown.events);
    expect(named.filter((event) => event !== 'rejected' && !Object.hasOwn(events, event))).toEqual([]);
  });

  it('have what a hook reports', () => {
    const log = createLogCollector();
    const res = { req: { log, method: 'POST', headers: {} }, locals: {} } as never;
    const reports = createHookReports("afterBooking('created')", 'booking_created');
    reports.redirected(302, 'POST /bookings', res);
    reports.tooLate(res);
    reports.otherCopy({ identity: {}, version: '0.2.0', contract: '3' }, res);
    reports.failure(new Error('x'), res);
    expect(log.lines).toHaveLength(4);
    expect(notShown(log)).toEqual([]);
    const notMounted = reports.notMounted()?.message ?? '';
    expect(shownLines.filter(({ line }) => fits(line, notMounted)).map(({ level }) => level)).toEqual(['ERROR']);
  });

  it('have what a receiver reports', () => {
    const log = createLogCollector();
    const reports = createReceiverReports(log, undefined);
    reports.handlerFailed(new Error('x'), registration());
    reports.storeFailed(new Error('x'), registration());
    reports.bodyGone();
    expect(log.lines).toHaveLength(3);
    expect(notShown(log)).toEqual([]);
  });

  it('have what the dashboard logs', async () => {
    const log = createLogCollector();
    const fromThePage = {
      headers: { 'x-crm-dashboard': '1', 'sec-fetch-site': 'same-origin' },
      url: '/api/pause',
    } as never;
    const fail = (): never => {
      throw new Error('x');
    };
    await refuseUnauthorised(fromThePage, { authorize: fail, logger: log, wwwAuthenticate: undefined });
    await refuseChange(fromThePage, { authorizeChange: () => false, logger: log, userOf: undefined });
    expect(log.lines).toHaveLength(2);
    expect(notShown(log)).toEqual([]);
  });

  it.each([
    ['anywhere', { CRM_COLOUR: 'blue', CRM_BASE_URL: 'http://crm.example.com' }],
    ['with a token that ends in a line break', { CRM_AUTH_TOKEN: 'token\n' }],
    ['in a test run', { NODE_ENV: 'test', CRM_BASE_URL: 'https://crm.example.com' }],
    ['in production', { NODE_ENV: 'production', CRM_AUTH_TOKEN: 'token' }],
  ])('have what is odd about the configuration, %s', (_where, env) => {
    const log = createLogCollector();
    const { warnings } = resolveNotifierConfig({ logger: log, env });
    for (const warning of warnings) log.warn({}, warning);
    expect(log.lines.length).toBeGreaterThan(0);
    expect(notShown(log)).toEqual([]);
  });

  it('have what the direct client logs', async () => {
    const crm = await start(reply(200, '<html>'));
    const log = createLogCollector();
    await using service = new CRMNotificationService({ baseUrl: crm.url, authToken: testToken, logger: log, env: {} });
    const input = { notificationType: 'user_registered', userId: 1, message: 'New user' };
    await expect(service.sendNotification(input)).rejects.toThrow('not JSON');
    await crm.close();
    await expect(service.sendNotification(input)).rejects.toThrow('connection refused');
    expect(await service.testConnection()).toBe(false);
    expect([...log.at('warn'), ...log.at('error')]).toHaveLength(3);
    expect(notShown(log)).toEqual([]);
  });

  it('are in src, piece by piece', () => {
    const texts = shownTexts(source);
    // The tests above have these logged.
    const known = new Set(['The start', 'The direct client', 'The receiver']);
    const lines = shownLines.filter(({ heading }) => !known.has(heading)).map(({ line }) => line);
    const messages = rowsUnder('The start').flatMap(([message = '']) => codeIn(message));
    const pieces = [...lines, ...messages].flatMap((line) =>
      line
        .split(/…|: /)
        .map((piece) => piece.replace(/^[\s.;,)]+|[\s.;,(]+$/g, ''))
        .filter((piece) => piece.length > 3),
    );
    expect(pieces.length).toBeGreaterThan(50);
    expect(pieces.filter((piece) => !texts.includes(piece))).toEqual([]);
  });

  it('are logged in these places: another one needs its line on the page', () => {
    const call =
      /\.(?:warn|error)\(\s*(?:\{|fields|allFields)|logAbout\(\s*res,\s*'(?:warn|error)'|log\(context, (?:'|level)|writeLog\(\w+, '(?:warn|error)'/g;
    const counts = [...files]
      .filter(([path]) => !path.startsWith('cli/'))
      .map(([path, text]) => [path, [...text.matchAll(call)].length] as const)
      .filter(([, count]) => count > 0);
    expect(Object.fromEntries(counts.sort())).toEqual({
      'client/crm-notification-service.ts': 2,
      'create-notifier.ts': 1,
      'dashboard/request-guard.ts': 2,
      'history/reporting.ts': 1,
      'history/unknown-pauses.ts': 2,
      'hooks/hook-reports.ts': 6,
      'notifier/intake.ts': 3,
      'observe/log-event.ts': 9,
      'post-office/maintenance.ts': 1,
      'post-office/open-post-office.ts': 4,
      'post-office/postgres-store.ts': 3,
      'post-office/warn-of-stranded.ts': 1,
      'receiver/receiver-reports.ts': 1,
    });
  });
});

describe('the links to docs/errors.md', () => {
  it.each(['troubleshooting.md', 'observing.md', 'client.md', 'deploying.md'])('of %s lead to a heading', (name) => {
    const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-'));
    const links = [...readPage(name).matchAll(/\(errors\.md(?:#([\w-]+))?\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((anchor) => anchor !== undefined && !anchors.includes(anchor))).toEqual([]);
  });
});
