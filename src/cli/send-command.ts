import type { Command } from 'commander';
import { CRMNotificationService } from '../client/crm-notification-service.js';
import { CRMNotificationError, CRMResponseError } from '../core/errors.js';
import { replyWords } from '../core/reply-words.js';
import { createNotifier } from '../create-notifier.js';
import {
  addConnectionOptions,
  longestMs,
  serviceOptionsOf,
  wholeNumberFrom,
  type ConnectionOptions,
} from './arguments.js';
import {
  Interrupted,
  interruptible,
  setAction,
  UsageFailure,
  type CliContext,
  type CommandSession,
  type CommonOptions,
} from './command.js';
import { readOutbox, requireTables } from './outbox/open-outbox.js';
import {
  addTableOption,
  findOutbox,
  outboxOptionOf,
  outboxPlaceOf,
  refuseAsRoot,
  type GivenPlace,
  type OutboxOptions,
} from './outbox/outbox-place.js';
import { errorsAsDebug, safeJson, safeText } from './output.js';
import {
  prepareBooking,
  prepareEvent,
  prepareNotification,
  type NotifyOptions,
  type Prepare,
  type PreparedNotification,
  type BookingOptions,
  type EventOptions,
  type NotificationOptions,
} from './prepared-notification.js';

interface SendOptions extends CommonOptions, ConnectionOptions, OutboxOptions, NotifyOptions {
  readonly waitMs: number;
}

export function addSendCommand(program: Command, context: CliContext): void {
  const send = program
    .command('send')
    .description('send one notification and wait for the response; with --outbox, an outage cannot lose it');

  const booking = send
    .command('booking')
    .description('send a notification of type booking_<action>')
    .requiredOption('--booking-id <id>', 'the booking')
    .requiredOption('--user-id <id>', 'the user who booked')
    .requiredOption('--session-id <id>', 'the session that was booked')
    .requiredOption('--action <word>', 'created, cancelled, reactivated, or a word of your own')
    .option('--user <json>', 'the user, for a booking record: id, name, email')
    .option('--event <json>', 'the event, for a booking record: id, title, start_date')
    .option('--facilitator-id <id>', 'the facilitator, for a booking record');
  addSending<SendOptions & BookingOptions>(booking, context, prepareBooking, [
    `--booking-id 456 --user-id 123 --session-id 789 --action created --data '{"session_name":"Yoga"}'`,
    '--booking-id 456 --user-id 123 --session-id 789 --action cancelled --outbox .crm-outbox',
  ]);

  const event = send
    .command('event')
    .description('send a notification of type event_<action>')
    .requiredOption('--event-id <id>', 'the event')
    .requiredOption('--user-id <id>', 'the user who did it')
    .requiredOption('--action <word>', 'created, updated, deleted, or a word of your own');
  addSending<SendOptions & EventOptions>(event, context, prepareEvent, ['--event-id 101 --user-id 1 --action updated']);

  const notification = send
    .command('notification')
    .description('send a notification of any type')
    .requiredOption('--type <type>', 'what happened, such as user_registered')
    .requiredOption('--user-id <id>', 'the user it happened to')
    .requiredOption('--message <text>', 'one sentence for people');
  addSending<SendOptions & NotificationOptions>(notification, context, prepareNotification, [
    "--type user_registered --user-id 123 --message 'New user registered'",
    "--type user_registered --user-id u-7 --message 'New user registered' --data @details.json",
  ]);
}

function addSending<Options extends SendOptions>(
  command: Command,
  context: CliContext,
  prepare: Prepare<Options>,
  examples: readonly string[],
): void {
  const parseWait = wholeNumberFrom(0, longestMs);
  command
    .option('--data <json>', 'additional data: a JSON object, @FILE to read it from, or - for standard input')
    .option('--ids-as-text', 'send all ids as text, also whole numbers')
    .option(
      '--outbox <place>',
      'store it in this outbox first, so that an outage cannot lose it (a directory, which is created if missing, or postgres://…)',
    )
    .option('--lane <lane>', 'with --outbox: the lane to deliver it in')
    .option('--wait-ms <ms>', 'with --outbox: how long to wait for delivery', parseWait, 5_000)
    .addHelpText(
      'after',
      `
Every user of this machine can see the arguments of a process. Pass personal data as --data @FILE or --data -.

Examples:
${examples.map((example) => `  $ crm-notifier send ${command.name()} ${example}`).join('\n')}`,
    );
  setAction<Options>(addConnectionOptions(addTableOption(command)), context, async (session) => {
    const { lane, outbox, table } = session.options;
    if (table !== undefined && outbox === undefined) throw new UsageFailure('--table needs --outbox');
    if (lane !== undefined && outbox === undefined) throw new UsageFailure('--lane needs --outbox');
    const prepared = await prepare(session.options, session.context);
    return outbox === undefined ? sendDirectly(session, prepared) : sendThroughOutbox(session, prepared);
  });
}

async function sendDirectly(session: CommandSession<SendOptions>, prepared: PreparedNotification): Promise<'done'> {
  const { context, options, output, logger } = session;
  const service = new CRMNotificationService(serviceOptionsOf(options, context, errorsAsDebug(logger)));
  try {
    const reply = await interruptible(prepared.send(service), context.stop);
    output.result({ sent: true, reply }, `Sent. The CRM responded: ${safeJson(reply)}`);
    return 'done';
  } catch (error) {
    if (error instanceof CRMResponseError) output.note('The CRM has accepted it; do not send it again.');
    else if (error instanceof CRMNotificationError && error.retryable) {
      output.note('It is not stored anywhere. To have it retried until the CRM accepts it, use --outbox DIR.');
    }
    throw error;
  } finally {
    await service.close();
  }
}

/** Accepts a notification into an outbox, waits a while for its delivery, and reports its state. */
async function sendThroughOutbox(
  session: CommandSession<SendOptions>,
  prepared: PreparedNotification,
): Promise<'done' | 'failed'> {
  const { context, options, output } = session;
  const place = outboxPlaceOf(options, context);
  const id = await acceptAndWait(session, prepared, place);
  const [found] = await readOutbox(findOutbox(options, context), (outbox) => outbox.find(id));
  const state = found?.state ?? 'delivered';
  if (found?.state === 'dead') {
    const { status, detail } = found.reason;
    const why = safeText(`${String(status ?? '')} ${replyWords(detail)}`);
    output.result({ accepted: true, id, state }, `Accepted ${id}, but the CRM rejected it: ${why}`);
    return 'failed';
  }
  const text =
    state === 'delivered'
      ? `Accepted and delivered ${id}.`
      : `Accepted ${id}. Not delivered yet: the app or crm-notifier deliver will deliver it from ${place.name}.`;
  output.result({ accepted: true, id, state }, text);
  return 'done';
}

async function acceptAndWait(
  { context, options, output, logger }: CommandSession<SendOptions>,
  prepared: PreparedNotification,
  place: GivenPlace,
): Promise<string> {
  refuseAsRoot(place);
  await requireTables(place);
  const notifier = createNotifier({ ...serviceOptionsOf(options, context, logger), outbox: outboxOptionOf(place) });
  let id: string | undefined;
  try {
    await notifier.ready();
    const receipt = await prepared.accept(notifier);
    if (!receipt.accepted) throw receipt.error;
    ({ id } = receipt);
    if (options.waitMs > 0) await interruptible(notifier.flush({ timeoutMs: options.waitMs }), context.stop);
    return id;
  } catch (error) {
    if (error instanceof Interrupted) output.note(`Accepted ${String(id)}; it stays in ${place.name}.`);
    throw error;
  } finally {
    await notifier.close({ timeoutMs: 1 });
  }
}
