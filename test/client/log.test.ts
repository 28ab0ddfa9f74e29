import { inspect } from 'node:util';
import { reply } from '../helpers/scripted-crm.js';
import { testToken } from '../helpers/stage.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

describe('what the direct client logs', () => {
  const create = useService();
  const start = useCrm();

  it('INFO, once, for a notification that was sent', async () => {
    const crm = await start();
    const { service, log } = create({ baseUrl: crm.url });
    await service.sendNotification(registration);
    const notificationId = crm.received[0]?.json?.['notification_id'];
    expect(log.lines.filter(({ level }) => level !== 'debug')).toEqual([
      {
        level: 'info',
        fields: { notificationId, type: 'user_registered', status: 200 },
        message: 'CRM notification sent',
      },
    ]);
  });

  it('WARN for an odd reply to one that was sent', async () => {
    const crm = await start(reply(200, '<html>'));
    const { service, log } = create({ baseUrl: crm.url });
    await errorOf(service.sendNotification(registration));
    expect(log.at('warn')).toMatchObject([{ fields: { err: { code: 'ERR_CRM_INVALID_RESPONSE', status: 200 } } }]);
    expect(log.at('error')).toEqual([]);
  });

  it('ERROR for one that failed', async () => {
    const crm = await start(reply(422, '{"error":"unknown user"}'));
    const { service, log } = create({ baseUrl: crm.url });
    await errorOf(service.sendNotification(registration));
    expect(log.at('error')).toMatchObject([
      { fields: { err: { code: 'ERR_CRM_HTTP', status: 422 } }, message: 'CRM notification failed' },
    ]);
    expect(log.at('info')).toEqual([]);
  });

  it('DEBUG with request and response, redacted, also where the CRM echoes them', async () => {
    const crm = await start((received, res) => {
      const echo = { status: 'success', code: testToken, you_said: received.json, [testToken]: 1 };
      reply(200, JSON.stringify(echo))(received, res);
    });
    const { service, log } = create({ baseUrl: crm.url });
    await service.sendNotification(registration);
    const [line] = log.at('debug');
    expect(line).toMatchObject({
      fields: {
        request: {
          method: 'POST',
          url: `${crm.url}/notify`,
          headers: { authorization: 'Bearer [redacted]', 'content-type': 'application/json' },
          body: {
            notification_type: 'user_registered',
            user_id: 123,
            message: '[redacted]',
            additional_data: { email: '[redacted]' },
          },
        },
        response: {
          status: 200,
          body: { status: 'success', code: '[redacted]', you_said: { user_id: 123, message: '[redacted]' } },
        },
      },
    });
    for (const secret of [testToken, 'ada@example.com', 'New user registered'])
      expect(log.text()).not.toContain(secret);
  });

  it('no DEBUG line where the logger does not want one', async () => {
    const crm = await start();
    const { log } = create();
    const { service } = create({ baseUrl: crm.url, logger: { ...log, isLevelEnabled: (level) => level !== 'debug' } });
    await service.sendNotification(registration);
    expect(log.at('debug')).toEqual([]);
    expect(log.at('info')).toHaveLength(1);
  });

  it('nothing that could break a call: a logger that throws or rejects loses its line', async () => {
    const crm = await start();
    const thrower = (): never => {
      throw new Error('the disk of the log is full');
    };
    const rejecter = (): Promise<never> => Promise.reject(new Error('the disk of the log is full'));
    const { service } = create({
      baseUrl: crm.url,
      logger: { debug: thrower, info: rejecter, warn: thrower, error: thrower },
    });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });

  it('case 14: a client shows its address, and no token', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    await service.sendNotification(registration);
    expect(JSON.stringify(service)).toBe(JSON.stringify({ baseUrl: crm.url }));
    expect(inspect(service, { depth: 9, showHidden: true, getters: true })).not.toContain(testToken);
  });

  it.each<[what: string, status: number]>([
    ['refusal', 400],
    ['odd reply', 200],
  ])('case 14: the error of a %s holds neither token nor body', async (_what, status) => {
    const crm = await start((received, res) => {
      reply(status, `${String(received.headers.authorization)} ${received.text}`)(received, res);
    });
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    const shown = inspect(error, { depth: 9, showHidden: true, getters: true }) + JSON.stringify(error);
    for (const secret of [testToken, 'ada@example.com', 'New user registered']) expect(shown).not.toContain(secret);
  });
});
