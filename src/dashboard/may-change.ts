import type { IncomingMessage } from 'node:http';

/**
 * Whether a request that changes something comes from the page itself: another site's form cannot set the header, another
 * site's script may not, and the browser says from where a request is sent (https://www.w3.org/TR/fetch-metadata/).
 */
export function mayChange({ headers }: IncomingMessage): boolean {
  if (headers['x-crm-dashboard'] !== '1') return false;
  const site = headers['sec-fetch-site'];
  // Browsers leave it out on plain http to another machine.
  return site === undefined ? isSameHost(headers.origin, headers.host) : site === 'same-origin';
}

function isSameHost(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined) return false;
  try {
    const { protocol, host: originHost } = new URL(origin);
    return originHost !== '' && originHost === new URL(`${protocol}//${host}`).host;
  } catch {
    return false;
  }
}
