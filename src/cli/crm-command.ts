import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Option, type Command } from 'commander';
import { defaultToken } from '../config/service-settings.js';
import { checkToken, normalizeToken } from '../config/token.js';
import { startFakeCrm, type CrmBehaviour, type FakeCrm } from '../testing/fake-crm.js';
import type { SentNotification } from '../testing/received-request.js';
import type { CliContext } from './cli-context.js';
import { CliFailure } from './cli-failure.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { tokenIn } from './connection-options.js';
import { longestMs, wholeNumberFrom } from './option-values.js';
import type { Output } from './output.js';
import { safeJson, safeText } from './safe-text.js';

/** What one types, and what the CRM does then. */
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
    .description('a CRM to try things with: prints what it takes, and has faults on purpose')
    .option('--port <port>', 'where it listens, on this machine only', wholeNumberFrom(0, 65_535), 5001)
    .addOption(new Option('--fault <word>', 'what goes wrong').choices(words).default('ok', 'ok: nothing'))
    .option('--token-file <file>', 'a file with the token it takes, instead of CRM_AUTH_TOKEN')
    .option('--any-token', 'take any token, and none')
    .option('--bodies', 'print all of a notification, which may be personal')
    .addHelpText(
      'after',
      `
Type a fault's word and Enter while it runs to switch to that fault, and ok for well again. It ends on SIGINT or SIGTERM.

Examples:
  $ crm-notifier crm
  $ crm-notifier crm --port 5001 --fault 500
  $ (sleep 5; echo down; sleep 5; echo ok; sleep 60) | crm-notifier crm`,
    );
  setAction<CrmOptions>(command, context, runCrm);
}

async function runCrm({ context, options, output }: CommandSession<CrmOptions>): Promise<'done'> {
  const { stdin, stop, env } = context;
  const given = options.tokenFile === undefined ? env['CRM_AUTH_TOKEN'] : tokenIn(options.tokenFile);
  const token = options.anyToken === true ? null : normalizeToken(given ?? defaultToken);
  const problem = token === null ? undefined : checkToken(token);
  if (problem !== undefined) throw new CliFailure(`the token ${problem}`, 'ERR_CRM_CONFIG');
  const crm = await startFakeCrm({ port: options.port, token });
  const input = createInterface({ input: stdin });
  try {
    await crm.behave(behaviours[options.fault]);
    output.result({ listening: crm.url, fault: options.fault }, `A CRM listens at ${crm.url} (${options.fault}).`);
    output.note(`Type one of these and Enter: ${words.join(', ')}.`);
    if (token === defaultToken) output.note('It takes the token that is sent when none is set; see CRM_AUTH_TOKEN.');
    input.on('line', (line) => void switchTo(crm, line.trim(), output));
    void printTaken(crm, options.bodies ?? false, output);
    await untilStopped(stop);
    return 'done';
  } finally {
    input.close();
    // A pipe that is still open would keep the process.
    stdin.destroy();
    await crm.close();
  }
}

async function switchTo(crm: FakeCrm, word: string, output: Output): Promise<void> {
  if (word === '') return;
  if (!isWord(word)) {
    output.note(`It does not know ${safeText(word, 40)}. Type one of these: ${words.join(', ')}.`);
    return;
  }
  try {
    await crm.behave(behaviours[word]);
    output.result({ fault: word }, `Now: ${word}.`);
  } catch (error) {
    // Its port was taken by another while it was down.
    output.note(`It cannot do that now: ${(error as Error).message}`);
  }
}

function isWord(word: string): word is Word {
  return Object.hasOwn(behaviours, word);
}

/** Prints each notification as it is taken, until the CRM ends. */
async function printTaken(crm: FakeCrm, withBodies: boolean, output: Output): Promise<void> {
  let count = 0;
  try {
    for (;;) {
      const taken = await crm.sent.waitFor({}, { count: count + 1, timeoutMs: longestMs });
      for (const notification of taken.slice(count)) print(notification, withBodies, output);
      count = taken.length;
    }
  } catch {
    // It was closed.
  }
}

function print(
  { headers: _headers, retryCount, ...body }: SentNotification,
  withBodies: boolean,
  output: Output,
): void {
  const { notification_id: id, notification_type: type, user_id: userId } = body;
  const again = retryCount === 0 ? '' : `, after ${String(retryCount)} attempts`;
  output.result(
    { id, type, userId, retryCount, ...(withBodies ? { body } : {}) },
    withBodies ? safeJson(body) : `${safeText(type)}  ${safeText(id)}  user ${safeText(String(userId))}${again}`,
  );
}

/** Nothing else need keep the process: a CRM that is down listens to nobody. */
async function untilStopped(stop: AbortSignal): Promise<void> {
  const keepAlive = setInterval(() => undefined, longestMs);
  if (!stop.aborted) await once(stop, 'abort');
  clearInterval(keepAlive);
}
