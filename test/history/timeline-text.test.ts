import type { TimelineEntry } from '../../src/history/history.js';
import { timelineText } from '../../src/history/timeline-text.js';

const textOf = (given: Pick<TimelineEntry, 'kind'> & Partial<TimelineEntry>): string => {
  const about = { id: '', target: 'crm', type: '', lane: '', at: 0, lastAt: 0, count: 1, attempts: 0 };
  return timelineText({ ...about, status: null, code: null, durationMs: null, detail: '', by: null, ...given });
};

describe('an entry of a timeline in words', () => {
  it('tells a wait for the CRM from a pause by hand, and has words beside a code', () => {
    expect([
      textOf({ kind: 'unsent', code: 'ECONNREFUSED', count: 3 }),
      textOf({ kind: 'paused', code: 'UND_ERR_SOCKET' }),
      textOf({ kind: 'paused', code: 'unauthorised', status: 401 }),
      textOf({ kind: 'paused', by: 'ada' }),
      textOf({ kind: 'paused' }),
      textOf({ kind: 'resumed', by: 'ada' }),
      textOf({ kind: 'resumed', code: 'byHand' }),
      textOf({ kind: 'resumed' }),
    ]).toEqual([
      'not sent, because there was no connection: it refuses connections (ECONNREFUSED), 3 times',
      'delivery to crm waits: it closes the connection (UND_ERR_SOCKET)',
      'delivery to crm waits: it responds 401',
      'delivery to crm paused by ada',
      'delivery to crm paused by hand',
      'delivery to crm resumed by ada',
      'delivery to crm resumed by hand',
      'delivery to crm resumed',
    ]);
  });
});
