import { CRMNotificationService, type NotificationInput, type ServiceOptions } from '../../src/index.js';
import { createLogCollector, type LogCollector } from './log-collector.js';
import { testToken } from './stage.js';

export interface ObservedService {
  readonly service: CRMNotificationService;
  readonly log: LogCollector;
}

/** Makes direct clients for the tests of a file, apart from this process's variables; each is closed after its test. */
export function useService(): (options?: ServiceOptions) => ObservedService {
  const made: CRMNotificationService[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map((service) => service.close()));
  });
  return (options) => {
    const log = createLogCollector();
    const service = new CRMNotificationService({ authToken: testToken, logger: log, env: {}, ...options });
    made.push(service);
    return { service, log };
  };
}

export const registration: NotificationInput = {
  notificationType: 'user_registered',
  userId: 123,
  message: 'New user registered',
  additionalData: { email: 'ada@example.com' },
};

/** The error that a promise rejects with; fails when it does not reject. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error('rejected with something that is no error', { cause: error });
  }
  throw new Error('did not reject');
}
