import { Router } from 'express';
import type { Notifier } from 'express-crm-notifier';
import { neverStored, ownPageOnly } from '../web/own-page.js';
import { createAppState } from './app-state.js';
import type { Stores } from './stores.js';

/** What the supervisor, which serves the demo's page, needs of each booking app. */
export function supervisedRoutes(stores: Stores, crm: Notifier): Router {
  const router = Router();
  const readState = createAppState(stores, crm);
  router.use('/demo', ownPageOnly, neverStored);
  router.get('/demo/state', async (_req, res) => {
    res.json(await readState());
  });
  router.get('/demo/processes', async (_req, res) => {
    res.json({ processes: (await crm.processes()) ?? [] });
  });
  router.post('/demo/redeliver', async (_req, res) => {
    res.json({ count: await crm.deadLetters.redeliverAll() });
  });
  return router;
}
