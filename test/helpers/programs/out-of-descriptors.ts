/**
 * Uses up its file descriptors, calls the CRM whose URL is given first, gives the descriptors back and calls again. Prints
 * how the first call failed, whether the CRM was healthy then, and what the second call was answered.
 */
import { closeSync, openSync } from 'node:fs';
import { CRMConnectionError, CRMNotificationService } from '../../../src/index.js';

const ignore = (): void => undefined;
const service = new CRMNotificationService({
  baseUrl: process.argv[2],
  authToken: 'test-token-0123456789',
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  env: {},
});
const registration = { notificationType: 'user_registered', userId: 1, message: 'New user registered' };

const descriptors: number[] = [];
try {
  for (;;) descriptors.push(openSync('/dev/null', 'r'));
} catch {
  // None left.
}
let failure: unknown;
try {
  await service.sendNotification(registration);
} catch (error) {
  failure = error;
}
const isHealthy = await service.testConnection();
for (const descriptor of descriptors) closeSync(descriptor);

if (failure instanceof CRMConnectionError) {
  console.log(failure.code, failure.reason, failure.retryable);
}
console.log(isHealthy);
console.log(JSON.stringify(await service.sendNotification(registration)));
await service.close();
