/** This package, from its build. */
import { afterBooking, createNotifier } from 'express-crm-notifier';

export async function createSender({ url, directory, ...options }) {
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
  const crm = createNotifier({ baseUrl: url, authToken: 'bench', outbox: directory, logger, env: {}, ...options });
  await crm.ready();
  return { middleware: [crm.middleware()], hooks: [afterBooking('created')], close: () => crm.close() };
}
