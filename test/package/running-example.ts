import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFakeCrm } from '../../src/testing/index.js';
import { root } from './installed-package.js';
import { startProgram } from './running-program.js';

/** A request to an example, and what the CRM must have taken once the response is there. */
export interface ExampleRequest {
  readonly path: string;
  readonly init: RequestInit;
  readonly status: number;
  /** The notification it causes: its type and what is in `additional_data`. */
  readonly sent: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
}

/** What a test does with each example, in this order. */
export const exampleRequests: Readonly<Record<string, readonly ExampleRequest[]>> = {
  'plain-javascript': [
    { path: '/bookings', init: { method: 'POST' }, status: 201, sent: booking('created', 456, 789) },
    {
      path: '/events/101',
      init: { method: 'PUT' },
      status: 200,
      sent: { type: 'event_updated', data: { event_id: 101, action: 'updated' } },
    },
  ],
  'commonjs-express-4': [
    {
      path: '/bookings',
      init: { method: 'POST', body: new URLSearchParams({ class: '790' }), redirect: 'manual' },
      status: 303,
      sent: booking('created', 456, 790),
    },
  ],
  typescript: [
    {
      path: '/reservations',
      init: jsonPost({ member: 123, session: 789 }),
      status: 201,
      sent: booking('created', 456, 789),
    },
    { path: '/reservations/456', init: { method: 'DELETE' }, status: 200, sent: booking('cancelled', 456, 789) },
  ],
  nestjs: [
    { path: '/bookings', init: jsonPost({ sessionId: 790 }), status: 201, sent: booking('created', 456, 790) },
    { path: '/bookings/456', init: { method: 'DELETE' }, status: 204, sent: booking('cancelled', 456, 790) },
  ],
  graphql: [
    {
      path: '/graphql',
      init: jsonPost({ query: 'mutation { book(userId: 123, sessionId: 789) { id } }' }),
      status: 200,
      sent: booking('created', '456', '789'),
    },
  ],
};

/** Copies an example without what an `npm install` or a start in its own folder has left there. */
export function copyExample(name: string, project: string): void {
  const leftOut = /[\\/](node_modules|dist|package-lock\.json|\.crm-outbox)$/;
  cpSync(join(root, 'examples', name), project, { recursive: true, filter: (from) => !leftOut.test(from) });
}

/** Makes an example's package.json name the tarball, as `npm install <tarball>` does. */
export function dependOn(tarball: string, project: string): void {
  const path = join(project, 'package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> };
  manifest.dependencies['express-crm-notifier'] = `file:${tarball}`;
  writeFileSync(path, JSON.stringify(manifest, undefined, 2));
}

/**
 * Starts an example beside a fake CRM, makes its requests, waits for what the CRM must get, and stops it as a service manager
 * does, by SIGTERM. Throws, with what the example printed, when it does not do its part.
 */
export async function runExample(name: string, project: string): Promise<void> {
  const crm = await startFakeCrm();
  const example = startProgram(project, startArgsOf(project), {
    PORT: '0',
    CRM_BASE_URL: crm.url,
    CRM_AUTH_TOKEN: crm.token,
  });
  try {
    const [, url = ''] = await example.printed(/The app is at (http:\/\/[^\s"/]+)/);
    for (const { path, init, status, sent } of exampleRequests[name] ?? []) {
      const response = await fetch(`${url}${path}`, init);
      expect({ path, status: response.status, text: await response.text() }).toMatchObject({ path, status });
      const [taken] = await crm.sent.waitFor({ type: sent.type });
      expect(taken.additional_data).toEqual(sent.data);
    }
    // NestJS sends itself the signal again once it has shut down, so what it printed before counts.
    expect(['0', 'SIGTERM']).toContain(await example.end('SIGTERM'));
    expect(example.output()).toContain('Stopped');
  } catch (error) {
    throw new Error(`${name}: it printed\n${example.output()}`, { cause: error });
  } finally {
    await example.end('SIGKILL');
    await crm.close();
  }
}

/** What `npm start` runs, without npm between, so that the signal and the exit code are the program's own. */
function startArgsOf(project: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Manifest;
  const [program, ...args] = scripts.start.split(' ');
  if (program !== 'node') throw new Error('an example is started by node');
  return args;
}

interface Manifest {
  readonly scripts: { readonly start: string };
}

function booking(action: string, bookingId: number | string, sessionId: number | string): ExampleRequest['sent'] {
  return { type: `booking_${action}`, data: { booking_id: bookingId, session_id: sessionId, action } };
}

function jsonPost(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
