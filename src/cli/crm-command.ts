import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Option, type Command } from 'commander';
import { defaultToken } from '../client/target-settings.js';
import { checkToken, normalizeToken } from '../client/token.js';
import { startFakeCrm, type CrmBehaviour, type FakeCrm } from '../testing/fake-crm.js';
import type { SentNotification } from '../testing/received-request.js';
import { longestMs, readTokenFile, wholeNumberFrom } from './arguments.js';
import { CliFailure, setAction, type CliContext, type CommandSession, type CommonOptions } from './command.js';
import { safeJson, safeText, type Output } from './output.js';

/** What the CRM does after each word that can be typed. */
const behaviours = {
  ok: 'ok',
  down: 'down',
  slow: 'slow',
  '401': 'wrong-token',
  '500': { status: 500, body: { error: 'a fault on purpose' } },
  '429': { status: 429, body: { error: 'too many on purpose' }, retryAfter: 1 },
  hang: 'hang',
  reset: 'reset',
  'not-json': 'not-json',
} as const satisfies Readonly<Record<string, CrmBehaviour>>;

type Word = keyof typeof behaviours;
const words = Object.keys(behaviours) as Word[];

interface CrmOptions extends CommonOptions {
  readonly port: number;
  readonly fault: Word;
  readonly tokenFile?: string;
  readonly anyToken?: true;
  readonly bodies?: true;
}

export function addCrmCommand(program: Command, context: CliContext): void {
  const command = program
    .command('crm')
    .description('run a CRM to try things with: it prints each notification and simulates faults')
    .option('--port <port>', 'the port to listen on, on this machine only', wholeNumberFrom(0, 65_535), 5001)
    .addOption(new Option('--fault <word>', 'the fault to start with').choices(words).default('ok', 'ok: none'))
    .option('--token-file <file>', 'read the token to accept from this file instead of CRM_AUTH_TOKEN')
    .option('--any-token', 'accept any token, or none')
    .option('--bodies', 'print whole notifications, which may hold personal data')
    .addHelpText(
      'after',
      `
To switch while it runs, type a fault and press Enter; ok ends the fault. SIGINT or SIGTERM ends the command.

Examples:
  $ crm-notifier crm
  $ crm-notifier crm --port 5001 --fault 500
  $ (sleep 5; echo down; sleep 5; echo ok; sleep 60) | crm-notifier crm`,
    );
  setAction<CrmOptions>(command, context, runCrm);
}

async function runCrm({ context, options, output }: CommandSession<CrmOptions>): Promise<'done'> {
  const { stdin, stop, env } = context;
  const given = options.tokenFile === undefined ? env['CRM_AUTH_TOKEN'] : readTokenFile(options.tokenFile);
  const token = options.anyToken === true ? null : normalizeToken(given ?? defaultToken);
  const problem = token === null ? undefined : checkToken(token);
  if (problem !== undefined) throw new CliFailure(`the token ${problem}`, 'ERR_CRM_CONFIG');
  const crm = await startFakeCrm({ port: options.port, token });
  const input = createInterface({ input: stdin });
  try {
    await crm.behave(behaviours[options.fault]);
    output.result({ listening: crm.url, fault: options.fault }, `CRM listening at ${crm.url} (${options.fault}).`);
    output.note(`To switch, type one of these and press Enter: ${words.join(', ')}.`);
    if (token === defaultToken)
      output.note('It accepts the default token, which is sent when CRM_AUTH_TOKEN is not set.');
    input.on('line', (line) => void switchTo(crm, line.trim(), output));
    void printNotifications(crm, options.bodies ?? false, output);
    await untilStopped(stop);
    return 'done';
  } finally {
    input.close();
    // A pipe that is still open would keep the process running.
    stdin.destroy();
    await crm.close();
  }
}

async function switchTo(crm: FakeCrm, word: string, output: Output): Promise<void> {
  if (word === '') return;
  if (!isWord(word)) {
    output.note(`Unknown fault: ${safeText(word, 40)}. Type one of these: ${words.join(', ')}.`);
    return;
  }
  try {
    await crm.behave(behaviours[word]);
    output.result({ fault: word }, `Now: ${word}.`);
  } catch (error) {
    // Another process may have taken the port while it was down.
    output.note(`Cannot switch to ${word}: ${(error as Error).message}`);
  }
}

function isWord(word: string): word is Word {
  return Object.hasOwn(behaviours, word);
}

/** Prints each notification that the CRM accepts, until the CRM is closed. */
async function printNotifications(crm: FakeCrm, withBodies: boolean, output: Output): Promise<void> {
  let count = 0;
  try {
    for (;;) {
      const sent = await crm.sent.waitFor({}, { count: count + 1, timeoutMs: longestMs });
      for (const notification of sent.slice(count)) print(notification, withBodies, output);
      count = sent.length;
    }
  } catch {
    // The CRM was closed.
  }
}

function print(
  { headers: _headers, retryCount, ...body }: SentNotification,
  withBodies: boolean,
  output: Output,
): void {
  const { notification_id: id, notification_type: type, user_id: userId } = body;
  const retries = retryCount === 0 ? '' : `, after ${String(retryCount)} attempts`;
  output.result(
    { id, type, userId, retryCount, ...(withBodies ? { body } : {}) },
    withBodies ? safeJson(body) : `${safeText(type)}  ${safeText(id)}  user ${safeText(String(userId))}${retries}`,
  );
}

/** Also keeps the process running: a CRM that is down has no open socket to do so. */
async function untilStopped(stop: AbortSignal): Promise<void> {
  const keepAlive = setInterval(() => undefined, longestMs);
  if (!stop.aborted) await once(stop, 'abort');
  clearInterval(keepAlive);
}
