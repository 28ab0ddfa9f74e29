import type { StoredNotification } from '../../demo-app/crm-service/notification-store.js';
import { eventually } from './eventually.js';

/** The notifications of the CRM service at this address, oldest first. */
export async function inbox(crmUrl: string): Promise<StoredNotification[]> {
  const response = await fetch(`${crmUrl}/notifications?limit=1000`, {
    headers: { Authorization: 'Bearer your-secret-token' },
  });
  const { notifications } = (await response.json()) as { notifications: StoredNotification[] };
  return notifications.reverse();
}

/** Like `inbox`, once it has this many. */
export function arrived(crmUrl: string, count: number): Promise<StoredNotification[]> {
  return eventually(`${count} notifications at the CRM`, async () => {
    const notifications = await inbox(crmUrl);
    return notifications.length < count ? undefined : notifications;
  });
}
