import type { IncomingMessage } from 'node:http';
import type { DashboardConfig } from './dashboard-options.js';
import { refuseChange, refuseForeign, userOfRequest } from './request-guard.js';
import { refusal, type AnyResponse } from './response.js';

/** The response of a path that changes nothing. */
export function reading(
  req: IncomingMessage,
  respond: () => AnyResponse | Promise<AnyResponse>,
): AnyResponse | Promise<AnyResponse> {
  if (req.method === 'GET' || req.method === 'HEAD') return respond();
  return refusal(405, 'method-not-allowed', 'this path is read-only; use GET', { allow: 'GET, HEAD' });
}

/** The response of a path that changes nothing, but takes a body. */
export function askingByPost(
  req: IncomingMessage,
  respond: () => Promise<AnyResponse>,
): AnyResponse | Promise<AnyResponse> {
  if (req.method !== 'POST') return usePost;
  return refuseForeign(req) ?? respond();
}

const usePost = refusal(405, 'method-not-allowed', 'use POST', { allow: 'POST' });

/** The response of a path that changes something. `respond` gets the user who asks for it, if that is known. */
export async function changing(
  req: IncomingMessage,
  config: DashboardConfig,
  respond: (by: string | undefined) => AnyResponse | Promise<AnyResponse>,
): Promise<AnyResponse> {
  if (req.method !== 'POST') return usePost;
  const refused = await refuseChange(req, config);
  if (refused !== undefined) return refused;
  return respond(userOfRequest(req, config));
}
