import { createNotifier, CRMNotificationService } from '../../src/index.js';
import { createLogCollector, type LogCollector } from '../helpers/log-collector.js';

const env = { CRM_BASEURL: 'http://h' };
const expected = [
  'CRM_BASEURL is no variable of express-crm-notifier, did you mean `CRM_BASE_URL`?',
  'baseUrl sends the token unencrypted to a public host; use https. In production this is refused.',
  'authToken is the default that everybody knows; set CRM_AUTH_TOKEN. In production this is refused.',
];

describe('what is odd about the configuration is logged once', () => {
  let logger: LogCollector;
  beforeEach(() => {
    logger = createLogCollector();
  });
  const warnings = (): string[] => logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  const given = (): ConstructorParameters<typeof CRMNotificationService>[0] => ({
    env,
    logger,
    baseUrl: 'http://crm.example.com',
  });

  it('by the notifier, whose direct client has the same configuration', async () => {
    await using notifier = createNotifier({ ...given(), outbox: ':memory:' });
    expect(warnings()).toEqual(expected);
    expect(notifier.service).toBeInstanceOf(CRMNotificationService);
    expect(notifier.service.baseUrl).toBe('http://crm.example.com');
  });

  it('by the direct client', async () => {
    await using service = new CRMNotificationService(given());
    expect(warnings()).toEqual(expected);
    expect(service.baseUrl).toBe('http://crm.example.com');
  });
});
