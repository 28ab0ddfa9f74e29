import type { AcceptedNotification } from '../outbox/outbox.js';
import type { Acceptance, PostOffice } from '../post-office/post-office.js';

interface Waiting {
  readonly notification: AcceptedNotification;
  readonly resolve: (acceptance: Acceptance) => void;
}

/**
 * Hands notifications to the post office in batches, one for each turn of the event loop, so that all requests answered
 * in a turn share one commit.
 */
export function createBatcher(
  postOffice: Pick<PostOffice, 'accept'>,
): (notification: AcceptedNotification) => Promise<Acceptance> {
  let batch: Waiting[] = [];

  const handOver = (): void => {
    const handed = batch;
    batch = [];
    void postOffice.accept(handed.map((waiting) => waiting.notification)).then((acceptances) => {
      handed.forEach((waiting, index) => {
        waiting.resolve(acceptances[index] ?? unanswered);
      });
    });
  };

  return (notification) =>
    new Promise((resolve) => {
      batch.push({ notification, resolve });
      if (batch.length === 1) setImmediate(handOver);
    });
}

const unanswered: Acceptance = { accepted: false, reason: 'failed', detail: 'the post office did not answer' };
