import { failureOf, refusalWordsOf } from './api-client.js';

/** What a person reads after a change that failed. */
export function failedChangeText(error: unknown): string {
  if (failureOf(error) === 'may-not-change') return 'You may not change anything here.';
  const words = refusalWordsOf(error);
  return words === undefined
    ? 'This failed, or its response was lost. See the status line at the top.'
    : `Not done: ${words}.`;
}
