import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Option, type Command } from 'commander';
import { defaultToken } from '../client/target-settings.js';
import { checkToken, normalizeToken } from '../client/token.js';
import { systemClock } from '../core/clock.js';
import { startCrmServer, type CrmBehaviour, type CrmServer } from '../testing/crm-server.js';
import { isTaken, type SentNotification, sentNotificationsOf } from '../testing/received-request.js';
import { longestMs, readTokenFile, wholeNumberFrom } from './arguments.js';
import { type CliContext, CliFailure, type CommandSession, type CommonOptions, setAction } from './command.js';
import { createArrivals } from './crm-arrivals.js';
import { safeJson, safeText, type Output } from './output.js';
import { createPageServer } from './serve-crm-page.js';

/** What the CRM does after each word that can be typed. */
const behaviours = {
  ok: 'ok',
  down: 'down',
  slow: 'slow',
  '400': { status: 400, body: { error: 'not understood, on purpose' } },
  '401': 'wrong-token',
  '404': { status: 404, body: { error: 'no such route, on purpose' } },
  '422': { status: 422, body: { error: 'not acceptable, on purpose' } },
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
    .description('run a CRM to try things with: it shows what arrives, also on a page, and simulates faults')
    .option('--port <port>', 'the port to listen on, on this machine only', wholeNumberFrom(0, 65_535), 5001)
    .addOption(new Option('--fault <word>', 'the fault to start with').choices(words).default('ok', 'ok: none'))
    .option('--token-file <file>', 'read the token to accept from this file instead of CRM_AUTH_TOKEN')
    .option('--any-token', 'accept any token, or none')
    .option('--bodies', 'show whole notifications, which may hold personal data')
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
  const { stdin, stop } = context;
  const { port, bodies = false } = options;
  const token = tokenOf(options, context);
  const current = { fault: options.fault };
  const arrivals = createArrivals(bodies);
  const isFirst = createFirstCheck();
  const starting = startCrmServer({
    port,
    host: '127.0.0.1',
    token,
    clock: systemClock,
    script: [],
    serve: createPageServer(arrivals, () => current.fault),
    onReceived(request) {
      if (request.method !== 'GET') arrivals.add(request);
    },
    onResponded(request) {
      arrivals.update(request);
      if (!isTaken(request)) return;
      for (const sent of sentNotificationsOf(request).filter(isFirst)) print(sent, bodies, output);
    },
  });
  const crm = await starting.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CliFailure(
      `port ${String(port)} is in use, perhaps by another CRM; give another one with --port`,
      'EADDRINUSE',
    );
  });
  const input = createInterface({ input: stdin });
  try {
    await crm.behave(behaviours[options.fault]);
    output.result({ listening: crm.url, fault: options.fault }, `CRM listening at ${crm.url} (${options.fault}).`);
    output.note(`To see what arrives, open ${crm.url}/ in a browser.`);
    output.note(`To switch, type one of these and press Enter: ${words.join(', ')}.`);
    if (token === defaultToken)
      output.note('It accepts the default token, which is sent when CRM_AUTH_TOKEN is not set.');
    input.on('line', (line) => void switchTo(crm, current, line.trim(), output));
    await untilStopped(stop);
    return 'done';
  } finally {
    input.close();
    // A pipe that is still open would keep the process running.
    stdin.destroy();
    await crm.close();
  }
}

/** The token to accept; null for any. */
function tokenOf(options: CrmOptions, { env }: Pick<CliContext, 'env'>): string | null {
  if (options.anyToken === true) return null;
  const given = options.tokenFile === undefined ? env['CRM_AUTH_TOKEN'] : readTokenFile(options.tokenFile);
  const token = normalizeToken(given ?? defaultToken);
  const problem = checkToken(token);
  if (problem !== undefined) throw new CliFailure(`the token ${problem}`, 'ERR_CRM_CONFIG');
  return token;
}

async function switchTo(crm: CrmServer, current: { fault: Word }, word: string, output: Output): Promise<void> {
  if (word === '') return;
  if (!isWord(word)) {
    output.note(`Unknown fault: ${safeText(word, 40)}. Type one of these: ${words.join(', ')}.`);
    return;
  }
  try {
    await crm.behave(behaviours[word]);
    current.fault = word;
    output.result({ fault: word }, `Now: ${word}.`);
  } catch (error) {
    // Another process may have taken the port while it was down.
    output.note(`Cannot switch to ${word}: ${(error as Error).message}`);
  }
}

function isWord(word: string): word is Word {
  return Object.hasOwn(behaviours, word);
}

const maxRemembered = 10_000;

/** Returns a check whether a notification is taken for the first time, as far as is remembered. */
function createFirstCheck(): (sent: SentNotification) => boolean {
  const ids = new Set<string>();
  return ({ notification_id: id }) => {
    if (ids.has(id)) return false;
    ids.add(id);
    const [oldest = id] = ids;
    if (ids.size > maxRemembered) ids.delete(oldest);
    return true;
  };
}

function print(sent: SentNotification, withBodies: boolean, output: Output): void {
  const { headers: _headers, retryCount, ...body } = sent;
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
