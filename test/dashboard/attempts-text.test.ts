import { newNotificationId } from '../../src/core/ids.js';
import { attemptsText } from '../../src/dashboard/page/attempts-text.js';

describe('how many attempts a list says there were', () => {
  const [id, now] = [newNotificationId(), Date.now()];

  it('are all of them, or those since a redelivery, as far as that is known', () => {
    expect(attemptsText({ id, attempts: 1, acceptedAt: now })).toBe('1 attempt');
    expect(attemptsText({ id, attempts: 2, acceptedAt: now + 60_000 })).toBe(
      '2 attempts since accepted or redelivered',
    );
    expect(attemptsText({ id, attempts: 1 })).toBe('1 attempt since accepted or redelivered');
    // An id of another kind does not say when it was accepted.
    expect(attemptsText({ id: 'other', attempts: 0, acceptedAt: now })).toBe(
      '0 attempts since accepted or redelivered',
    );
  });
});
