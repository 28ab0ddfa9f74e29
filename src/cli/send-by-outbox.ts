import { createNotifier } from '../create-notifier.js';
import { Interrupted } from './cli-failure.js';
import type { CommandSession } from './command-action.js';
import { serviceOptionsOf } from './connection-options.js';
import { interruptible } from './interruptible.js';
import { directoryOf, findOutbox, refuseAsRoot } from './outbox-place.js';
import { safeText } from './safe-text.js';
import type { Sending, SendOptions } from './sending.js';
import { readOutbox } from './use-outbox.js';

/** Accepts a notification into an outbox, gives it some time to be delivered, and says what became of it. */
export async function sendByOutbox(session: CommandSession<SendOptions>, sending: Sending): Promise<'done' | 'failed'> {
  const { context, options, output } = session;
  const directory = directoryOf(options, context);
  const id = await acceptAndWait(session, sending, directory);
  const [found] = await readOutbox(findOutbox(options, context), (outbox) => outbox.find(id));
  const state = found?.state ?? 'delivered';
  if (found?.state === 'dead') {
    const { status, detail } = found.reason;
    const why = safeText(`${String(status ?? '')} ${detail}`);
    output.result({ accepted: true, id, state }, `Accepted ${id}, but the CRM will not take it: ${why}`);
    return 'failed';
  }
  const text =
    state === 'delivered'
      ? `Accepted ${id}, and delivered.`
      : `Accepted ${id}, and not delivered yet: it is kept in ${directory}, for the app or crm-notifier deliver.`;
  output.result({ accepted: true, id, state }, text);
  return 'done';
}

async function acceptAndWait(
  { context, options, output, logger }: CommandSession<SendOptions>,
  sending: Sending,
  directory: string,
): Promise<string> {
  refuseAsRoot(directory);
  const notifier = createNotifier({ ...serviceOptionsOf(options, context, logger), outbox: directory });
  let id: string | undefined;
  try {
    await notifier.ready();
    const receipt = await sending.accept(notifier);
    if (!receipt.accepted) throw receipt.error;
    ({ id } = receipt);
    if (options.waitMs > 0) await interruptible(notifier.flush({ timeoutMs: options.waitMs }), context.stop);
    return id;
  } catch (error) {
    if (error instanceof Interrupted) output.note(`Accepted ${String(id)}; it stays in ${directory}.`);
    throw error;
  } finally {
    await notifier.close({ timeoutMs: 1 });
  }
}
