export { createOwnedClock } from './owned-clock.js';

export type { OwnedClock } from './owned-clock.js';
