/**
 * Appends notifications to the outbox of the directory given first, one or a few at a time, and prints the ids of each
 * batch once `append` has returned. It never ends by itself.
 */
import { writeSync } from 'node:fs';
import { sampleNotifications } from '../sample-notification.js';
import { openOutboxIn } from '../sqlite-outbox.js';

const outbox = await openOutboxIn(process.argv[2] ?? '', process.argv[3] === 'normal' ? 'normal' : 'full');
for (let batch = 0; ; batch += 1) {
  const notifications = sampleNotifications(1 + (batch % 5));
  outbox.append(notifications);
  // At once and as a whole: what a pipe has taken survives the process.
  print(notifications.map(({ id }) => id).join(' '));
  if (batch === 40) print('enough');
}

/** Waits while the pipe is full, because the reader is busy. */
function print(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
