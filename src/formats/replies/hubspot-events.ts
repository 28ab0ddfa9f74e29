import type { FormatReplies } from './format-replies.js';
import { hubspotWait } from './hubspot-wait.js';

/** HubSpot takes or refuses a request of events as a whole. */
export const hubspotEventsReplies = {
  classify: hubspotWait,
  join: (bodies) => `{"inputs":[${bodies.join(',')}]}`,
} satisfies FormatReplies;
