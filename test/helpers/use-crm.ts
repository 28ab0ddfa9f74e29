import { startScriptedCrm, type Answer, type Received, type ScriptedCrm } from './scripted-crm.js';

/** Starts CRMs for the tests of a file; each is ended after its test. */
export function useCrm(): (answer?: Answer, port?: number) => Promise<ScriptedCrm> {
  const started: ScriptedCrm[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((crm) => crm.close()));
  });
  return async (answer, port) => {
    const crm = await startScriptedCrm(answer, port);
    started.push(crm);
    return crm;
  };
}

/** The notifications' ids, in the order of the requests. */
export function idsOf(received: readonly Received[]): string[] {
  return received.map((request) => String(request.json?.['notification_id']));
}

/** In which lane a request's notification was, if `notificationIn` made it. */
export function laneOf(received: Received): string {
  return String((received.json?.['additional_data'] as { lane?: string } | undefined)?.lane);
}
