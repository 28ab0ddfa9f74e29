import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { afterResponse, type Notifier } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { withoutTimes } from '../helpers/held-route.js';
import { createLogCollector, type LogCollector } from '../helpers/log-collector.js';
import { exchangeBytes, requestText, useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';
import { waysToRespond } from '../helpers/ways-to-respond.js';

const hook = afterResponse('seen', () => ({ userId: 1, message: 'Seen' })) as RequestHandler;
const failure = /^afterResponse\('seen'\) failed inside express-crm-notifier with \w+ at .*: the response goes out/;

const fail = (): never => {
  throw new Error('personal');
};

/** What a hook shares with the notifier at `res.locals.crm`, broken in some way. */
const broken: readonly (readonly [what: string, accessOf: (sound: object) => unknown])[] = [
  ['is empty', () => ({})],
  ['is null', () => null],
  ['has no intake', (sound) => ({ ...sound, intake: undefined })],
  ['throws at every look', (sound) => new Proxy(sound, { get: fail, has: fail })],
  ['throws when it is asked for the clock', (sound) => Object.defineProperty({ ...sound }, 'clock', { get: fail })],
  ['has an intake that throws', (sound) => ({ ...sound, intake: { accept: fail, reject: fail, track: fail } })],
  ['has an intake that returns no promise', (sound) => ({ ...sound, intake: { accept: () => ({ then: 5 }) } })],
];

describe.each(expressVersions)('a hook whose own code fails, on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();

  /** Serves a route with and without the hook; returns what both gave, and what was logged and thrown at the app. */
  async function compare(
    crm: Notifier,
    handler: RequestHandler,
    breakIt: (res: Response) => void,
    chain: readonly RequestHandler[] = [hook],
  ): Promise<{ bytes: string; expected: string; log: LogCollector; errors: unknown[] }> {
    const log = createLogCollector();
    const errors: unknown[] = [];
    const app = express();
    app.use(crm.middleware(), (req, res, next) => {
      Object.assign(req, { log });
      breakIt(res);
      next();
    });
    app.get('/', ...chain, handler);
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      errors.push(error);
      res.status(500).end();
    });
    const plain = express();
    plain.get('/', handler);
    const get = requestText('GET', '/');
    const bytes = withoutTimes(await exchangeBytes(await serve(app), get));
    return { bytes, expected: withoutTimes(await exchangeBytes(await serve(plain), get)), log, errors };
  }

  describe.each(broken)('because what it shares with the notifier %s', (_what, accessOf) => {
    it.each(waysToRespond)('leaves the response alone and logs one ERROR: %s', async (_name, handler) => {
      const { crm, posted } = await setStage();

      const { bytes, expected, log, errors } = await compare(crm, handler, shareInstead(accessOf));

      expect(errors).toEqual([]);
      expect(bytes).toBe(expected);
      expect(linesOf(log)).toEqual([['error', expect.stringMatching(failure)]]);
      expect(log.text()).not.toContain('personal');
      expect(await posted()).toEqual([]);
    });
  });

  it.each(waysToRespond)('because `res.locals.crm` throws: %s', async (_name, handler) => {
    const { crm } = await setStage();

    const { bytes, expected, log, errors } = await compare(crm, handler, (res) => {
      Object.defineProperty(res.locals, 'crm', { get: fail });
    });

    expect(errors).toEqual([]);
    expect(bytes).toBe(expected);
    expect(linesOf(log)).toEqual([['error', expect.stringMatching(failure)]]);
  });

  it('because the intake fails once an asynchronous mapper has settled', async () => {
    const { crm } = await setStage();
    const mapper = async (): Promise<{ userId: number; message: string }> => ({ userId: 1, message: 'Seen' });

    const { bytes, expected, log } = await compare(
      crm,
      json,
      shareInstead((sound) => ({ ...sound, intake: { accept: fail, reject: fail, track: () => undefined } })),
      [afterResponse('seen', mapper) as RequestHandler],
    );

    expect(bytes).toBe(expected);
    expect(linesOf(log)).toEqual([['error', expect.stringMatching(failure)]]);
  });

  it('because the intake rejects, with `after-response`', async () => {
    const { crm } = await setStage({ guarantee: 'after-response' });
    const intake = { accept: () => Promise.reject(new Error('personal')) };

    const { bytes, expected, log } = await compare(
      crm,
      json,
      shareInstead((sound) => ({ ...sound, intake })),
    );

    expect(bytes).toBe(expected);
    expect(linesOf(log)).toEqual([['error', expect.stringMatching(failure)]]);
  });

  it.each(['setHeader', 'headersSent'])('because `%s` cannot be replaced when the end is to be held', async (name) => {
    const { crm, posted } = await setStage();
    const handler: RequestHandler = (_req, res) => {
      res.write('{"id"');
      Object.defineProperty(res, name, { value: (res as never)[name], configurable: false });
      res.end(':1}');
    };

    const { bytes, expected, log, errors } = await compare(crm, handler, () => undefined);

    expect(errors).toEqual([]);
    expect(bytes).toBe(expected);
    expect(linesOf(log)).toEqual([['error', expect.stringMatching(failure)]]);
    expect(await posted()).toHaveLength(1);
  });

  it('is survived by the other hooks of the route, and logged by the notifier where a request has no logger', async () => {
    const { crm, posted, log } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const spoil: RequestHandler = (_req, res, next) => {
      shareInstead((sound) => ({ ...sound, clock: undefined }))(res);
      next();
    };
    app.get(
      '/',
      hook,
      spoil,
      afterResponse('spoilt', () => ({ userId: 1, message: 'Spoilt' })) as RequestHandler,
      json,
    );

    expect(await exchangeBytes(await serve(app), requestText('GET', '/'))).toContain('{"id":1}');

    expect((await posted()).map(({ json: sent }) => sent['notification_type'])).toEqual(['seen']);
    expect(log.at('error')).toEqual([
      expect.objectContaining({
        fields: { type: 'spoilt', requestId: undefined },
        message: expect.stringContaining(
          "afterResponse('spoilt') failed inside express-crm-notifier with TypeError at ",
        ),
      }),
    ]);
  });

  it('is none when the app has a `getHeader` that throws: the end is held as ever', async () => {
    const { crm, posted } = await setStage();
    const handler: RequestHandler = (_req, res) => {
      res.getHeader = fail;
      res.write('{"id"');
      res.end(':1}');
    };

    const { bytes, expected, log, errors } = await compare(crm, handler, () => undefined);

    expect(errors).toEqual([]);
    expect(bytes).toBe(expected);
    expect(linesOf(log)).toEqual([]);
    expect(await posted()).toHaveLength(1);
  });
});

const json: RequestHandler = (_req, res) => void res.json({ id: 1 });

/** All lines but those of the level debug. */
function linesOf(log: LogCollector): [level: string, message: string][] {
  return log.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => [level, message]);
}

/** Puts something broken in the place of what the notifier at `res.locals.crm` shares. */
function shareInstead(accessOf: (sound: object) => unknown): (res: Response) => void {
  return (res) => {
    const { key, access } = sharedBy(res.locals.crm);
    Object.assign(res.locals, { crm: { [key]: accessOf(access) } });
  };
}

/** The registered symbol under which a notifier shares something with hooks, and what that is. */
function sharedBy(crm: object): { key: symbol; access: object } {
  const key = Object.getOwnPropertySymbols(Object.getPrototypeOf(crm)).find((symbol) =>
    Symbol.keyFor(symbol)?.startsWith('express-crm-notifier.hook-access/'),
  )!;
  return { key, access: (crm as Record<symbol, object>)[key]! };
}
