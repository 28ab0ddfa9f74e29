import { ADA, BEN, FAY } from './demo-users.js';
import type { DemoUser } from './demo-users.js';
import type { Stores } from './stores.js';
import type { User } from './user-store.js';

const DAY_MS = 86_400_000;

/** Fills the stores if they are empty. */
export async function seedDemoData({ users, events }: Pick<Stores, 'users' | 'events'>): Promise<void> {
  if (!(await users.isEmpty())) return;

  async function addUser({ token, ...newUser }: DemoUser): Promise<User> {
    const user = await users.add(newUser);
    await users.addToken(user.id, token);
    return user;
  }
  await addUser(ADA);
  await addUser(BEN);
  const fay = await addUser(FAY);

  await events.add(
    fay.id,
    { title: 'Wellness Week', start_date: dayIn(7) },
    [7, 8, 9, 10, 11].flatMap((days) => [
      { name: 'Yoga Class', starts_at: `${dayIn(days)}T07:30:00.000Z`, capacity: 12 },
      { name: 'Breathing Workshop', starts_at: `${dayIn(days)}T17:00:00.000Z`, capacity: 2 },
    ]),
  );
  await events.add(fay.id, { title: 'Summer Festival', start_date: dayIn(30) }, [
    { name: 'Opening Concert', starts_at: `${dayIn(30)}T19:00:00.000Z`, capacity: 200 },
    { name: 'Private Tasting', starts_at: `${dayIn(31)}T18:00:00.000Z`, capacity: 1 },
  ]);
}

function dayIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}
