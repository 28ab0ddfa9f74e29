import { Router } from 'express';
import { neverStored, ownPageOnly } from '../../web/own-page.js';
import { createDemoState } from '../demo-page/demo-state.js';
import type { DemoStateParts } from '../demo-page/demo-state.js';

/** What the supervisor reads of each booking app that shares an outbox, for the page that it serves for all of them. */
export function sharedAppRoutes(parts: DemoStateParts): Router {
  const router = Router();
  const readState = createDemoState(parts);
  router.use('/demo', ownPageOnly, neverStored);
  router.get('/demo/state', async (_req, res) => {
    res.json(await readState());
  });
  router.get('/demo/processes', async (_req, res) => {
    res.json({ processes: await parts.crm.processes() });
  });
  return router;
}
