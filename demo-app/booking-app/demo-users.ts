import type { NewUser } from './user-store.js';

export interface DemoUser extends NewUser {
  /** Fixed, so that the commands in the README can be copied. */
  readonly token: string;
}

export const ADA: DemoUser = {
  name: 'Ada',
  email: 'ada@example.com',
  role: 'member',
  password: 'ada-demo-password',
  token: 'demo-ada',
};
export const BEN: DemoUser = {
  name: 'Ben',
  email: 'ben@example.com',
  role: 'member',
  password: 'ben-demo-password',
  token: 'demo-ben',
};
export const FAY: DemoUser = {
  name: 'Fay',
  email: 'fay@example.com',
  role: 'facilitator',
  password: 'fay-demo-password',
  token: 'demo-fay',
};
