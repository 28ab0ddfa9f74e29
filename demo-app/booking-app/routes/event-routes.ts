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

  router.get('/events', (_req, res) => {
    res.json({ events: events.list() });
  });

  router.get('/sessions', (_req, res) => {
    res.json({ sessions: events.listSessions() });
  });

  router.post('/events', facilitatorRequired, afterEvent('created'), (req, res) => {
    const { sessions, ...details } = parseBody(newEvent, req.body);
    res.status(201).json({ event: events.add(signedInUser(req).id, details, sessions) });
  });

  router.put('/events/:id', facilitatorRequired, afterEvent('updated'), (req, res) => {
    const { id } = ownEvent(events, req);
    res.json({ event: events.update(id, parseBody(eventDetails, req.body)) });
  });

  router.delete('/events/:id', facilitatorRequired, afterEvent('deleted'), (req, res) => {
    const event = ownEvent(events, req);
    if (!events.delete(event.id)) throw new HttpError(409, 'The event still has active bookings');
    res.json({ event });
  });

  return router;
}

function ownEvent(events: EventStore, req: Request): Event {
  const event = events.find(pathId(req.params['id']));
  if (!event) throw new HttpError(404, 'There is no such event');
  if (event.facilitator_id !== signedInUser(req).id) throw new HttpError(403, 'Another facilitator holds this event');
  return event;
}
