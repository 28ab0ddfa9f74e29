import { replyWords } from '../../core/reply-words.js';
import type { DeadReason } from '../../outbox/outbox.js';

/** Why a notification died, in a cell of a table: `rejected 422 no such user`. */
export function reasonText({ kind, status, detail }: DeadReason): string {
  return [kind, status, replyWords(detail)].filter((part) => part !== undefined && part !== '').join(' ');
}
