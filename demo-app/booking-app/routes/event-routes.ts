import { Router } from 'express';
import type { Request } from 'express';
import { afterEvent } from 'express-crm-notifier';
import { z } from 'zod';
import { HttpError } from '../../web/errors.js';
import { parseBody, pathId } from '../../web/parse-request.js';
import type { Event, EventStore } from '../event-store.js';
import { requireUser, signedInUser } from '../require-user.js';
import type { UserStore } from '../user-store.js';

const title = z.string().trim().min(1).max(200);
const eventDetails = z.object({ title, start_date: z.iso.date() });
const newEvent = eventDetails.extend({
  sessions: z
    .array(z.object({ name: title, starts_at: z.iso.datetime(), capacity: z.int().min(1).max(100_000) }))
    .max(100)
    .default([]),
});

export function eventRoutes(events: EventStore, users: UserStore): Router {
  const router = Router();
  const facilitatorRequired = requireUser(users, 'facilitator');

  router.get('/events', async (_req, res) => {
    res.json({ events: await events.list() });
  });

  router.get('/sessions', async (_req, res) => {
    res.json({ sessions: await events.listSessions() });
  });

  router.post('/events', facilitatorRequired, afterEvent('created'), async (req, res) => {
    const { sessions, ...details } = parseBody(newEvent, req.body);
    res.status(201).json({ event: await events.add(signedInUser(req).id, details, sessions) });
  });

  router.put('/events/:id', facilitatorRequired, afterEvent('updated'), async (req, res) => {
    const { id } = await ownEvent(events, req);
    res.json({ event: await events.update(id, parseBody(eventDetails, req.body)) });
  });

  router.delete('/events/:id', facilitatorRequired, afterEvent('deleted'), async (req, res) => {
    const event = await ownEvent(events, req);
    if (!(await events.delete(event.id))) throw new HttpError(409, 'The event still has active bookings');
    res.json({ event });
  });

  return router;
}

async function ownEvent(events: EventStore, req: Request): Promise<Event> {
  const event = await events.find(pathId(req.params['id']));
  if (!event) throw new HttpError(404, 'There is no such event');
  if (event.facilitator_id !== signedInUser(req).id) throw new HttpError(403, 'Another facilitator holds this event');
  return event;
}
