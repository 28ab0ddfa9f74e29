import { startFakeCrm, type FakeCrm, type FakeCrmOptions } from 'express-crm-notifier/testing';

/** Starts fake CRMs for the tests of a file; each is closed after its test. */
export function useFakeCrm(): (options?: FakeCrmOptions) => Promise<FakeCrm> {
  const started: FakeCrm[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((crm) => crm.close()));
  });
  return async (options) => {
    const crm = await startFakeCrm(options);
    started.push(crm);
    return crm;
  };
}

/** Posts without a notifier, for requests that a notifier would not send. */
export async function post(
  crm: FakeCrm,
  body: string | object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${crm.url}/notify`, {
    method: 'POST',
    headers: { authorization: `Bearer ${crm.token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** A notification as it is on the wire. */
export function wireNotification(id: string, type = 'user_moved', userId: number | string = 123) {
  return {
    notification_id: id,
    notification_type: type,
    user_id: userId,
    message: 'Secret of Ada Lovelace',
    timestamp: '2026-11-24T01:02:03.004Z',
    additional_data: {},
  };
}
