import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whether a request was sent to a host name that no DNS server can hand out: an IP address, or `localhost` and names below
 * it, which always mean this machine (https://www.rfc-editor.org/rfc/rfc6761#section-6.3). Any other name may belong to an
 * attacker who points it at this machine after a browser has loaded the attacker's page from it (DNS rebinding); to the
 * browser that page then has the origin of ours.
 */
export function isOwnHost({ headers }: IncomingMessage): boolean {
  // HTTP/2 has `:authority` instead of `host`. If a request has both, check both.
  const hosts = [headers[':authority'], headers.host].filter((host) => host !== undefined);
  return hosts.length > 0 && hosts.every((host) => typeof host === 'string' && isOwn(host));
}

function isOwn(host: string): boolean {
  const [, address, name = ''] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (address !== undefined) return isIPv6(address);
  return isIPv4(name) || /^(?:[\w-]+\.)*localhost$/i.test(name);
}
