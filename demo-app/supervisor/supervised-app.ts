import type { KeptApp } from './keep-app.js';

/** One of the booking apps, of which there are several if they share an outbox. */
export interface SupervisedApp {
  /** 1, 2, … */
  readonly number: number;
  readonly url: string;
  readonly kept: KeptApp;
}
