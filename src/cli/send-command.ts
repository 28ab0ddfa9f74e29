import type { Command } from 'commander';
import { CRMNotificationService } from '../client/crm-notification-service.js';
import { CRMNotificationError, CRMResponseError } from '../core/errors.js';
import type { CliContext } from './cli-context.js';
import { UsageFailure } from './cli-failure.js';
import { setAction, type CommandSession } from './command-action.js';
import { addConnectionOptions, serviceOptionsOf } from './connection-options.js';
import { interruptible } from './interruptible.js';
import { longestMs, wholeNumberFrom } from './option-values.js';
import { safeJson } from './safe-text.js';
import { sendByOutbox } from './send-by-outbox.js';
import {
  buildBookingSending,
  buildEventSending,
  buildNotificationSending,
  type BookingOptions,
  type BuildSending,
  type EventOptions,
  type NotificationOptions,
  type Sending,
  type SendOptions,
} from './sending.js';
import { withoutErrors } from './stderr-logger.js';

export function addSendCommand(program: Command, context: CliContext): void {
  const send = program
    .command('send')
    .description('sends one notification and waits for the answer, or with --outbox has it delivered even later');

  const booking = send
    .command('booking')
    .description('sends a notification of type booking_<action>')
    .requiredOption('--booking-id <id>', 'the booking')
    .requiredOption('--user-id <id>', 'the user it is for')
    .requiredOption('--session-id <id>', 'what was booked')
    .requiredOption('--action <word>', 'created, cancelled, reactivated, or a word of your own')
    .option('--user <json>', 'the user of a booking record: id, name, email')
    .option('--event <json>', 'its event: id, title, start_date')
    .option('--facilitator-id <id>', 'its facilitator');
  addSending<BookingOptions>(booking, context, buildBookingSending, [
    `--booking-id 456 --user-id 123 --session-id 789 --action created --data '{"session_name":"Yoga"}'`,
    '--booking-id 456 --user-id 123 --session-id 789 --action cancelled --outbox .crm-outbox',
  ]);

  const event = send
    .command('event')
    .description('sends a notification of type event_<action>')
    .requiredOption('--event-id <id>', 'the event')
    .requiredOption('--user-id <id>', 'who did it')
    .requiredOption('--action <word>', 'created, updated, deleted, or a word of your own');
  addSending<EventOptions>(event, context, buildEventSending, ['--event-id 101 --user-id 1 --action updated']);

  const notification = send
    .command('notification')
    .description('sends a notification of any type')
    .requiredOption('--type <type>', 'what happened, such as user_registered')
    .requiredOption('--user-id <id>', 'the user it happened to')
    .requiredOption('--message <text>', 'one sentence for people');
  addSending<NotificationOptions>(notification, context, buildNotificationSending, [
    "--type user_registered --user-id 123 --message 'New user registered'",
    "--type user_registered --user-id u-7 --message 'New user registered' --data @details.json",
  ]);
}

function addSending<Options extends SendOptions>(
  command: Command,
  context: CliContext,
  build: BuildSending<Options>,
  examples: readonly string[],
): void {
  command
    .option('--data <json>', 'additional data: a JSON object, @FILE that holds one, or - for standard input')
    .option('--ids-as-text', 'send ids as text, also those that are written as whole numbers')
    .option(
      '--outbox <dir>',
      'accept it into this outbox, made when it is missing, from where an outage cannot lose it',
    )
    .option('--lane <lane>', 'with --outbox: the lane it is delivered in')
    .option('--wait-ms <ms>', 'with --outbox: how long to wait for its delivery', wholeNumberFrom(0, longestMs), 5_000)
    .addHelpText(
      'after',
      `
Every user of this machine sees the arguments of a process; give personal data as --data @FILE or --data -.

Examples:
${examples.map((example) => `  $ crm-notifier send ${command.name()} ${example}`).join('\n')}`,
    );
  setAction<Options>(addConnectionOptions(command), context, async (session) => {
    const { lane, outbox } = session.options;
    if (lane !== undefined && outbox === undefined) throw new UsageFailure('--lane goes with --outbox');
    const sending = await build(session);
    return outbox === undefined ? sendDirect(session, sending) : sendByOutbox(session, sending);
  });
}

async function sendDirect(session: CommandSession<SendOptions>, sending: Sending): Promise<'done'> {
  const { context, options, output, logger } = session;
  const service = new CRMNotificationService(serviceOptionsOf(options, context, withoutErrors(logger)));
  try {
    const reply = await interruptible(sending.direct(service), context.stop);
    output.result({ sent: true, reply }, `Sent. The CRM answered: ${safeJson(reply)}`);
    return 'done';
  } catch (error) {
    if (error instanceof CRMResponseError) output.note('The CRM has it; do not send it again.');
    else if (error instanceof CRMNotificationError && error.retryable) {
      output.note('It is not kept anywhere. To have it delivered once the CRM takes it, send it with --outbox DIR.');
    }
    throw error;
  } finally {
    await service.close();
  }
}
