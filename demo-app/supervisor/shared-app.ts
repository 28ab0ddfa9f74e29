import type { KeptApp } from './keep-app.js';

/** One of the booking apps that share an outbox. */
export interface SharedApp {
  /** 1, 2, … */
  readonly number: number;
  readonly url: string;
  readonly kept: KeptApp;
}
