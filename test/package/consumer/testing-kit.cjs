// The testing kit in a CommonJS app, with the direct client, run by `node --test`.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { CRMNotificationService } = require('express-crm-notifier');
const { startFakeCrm } = require('express-crm-notifier/testing');

test('the CRM is there, and then it is not', async () => {
  const crm = await startFakeCrm();
  const service = new CRMNotificationService({ baseUrl: crm.url, authToken: crm.token });
  await service.sendEventNotification({ eventId: 101, userId: 123, action: 'updated' });
  const [sent] = await crm.sent.waitFor({ type: 'event_updated', userId: 123 });
  assert.equal(sent.message, 'Event 101 updated');
  await crm.behave('down');
  assert.equal(await service.testConnection(), false);
  await crm.behave('ok');
  assert.equal(await service.testConnection(), true);
  await service.close();
  await crm.close();
});
