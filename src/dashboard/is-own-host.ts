import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whether a request was sent to a host that no name server can give away: an address, or `localhost` and names below it,
 * which mean the machine itself (https://www.rfc-editor.org/rfc/rfc6761#section-6.3). Any other name may belong to a
 * stranger who makes it mean this machine once a browser shows the stranger's page; then that page counts as ours.
 */
export function isOwnHost({ headers }: IncomingMessage): boolean {
  // HTTP/2 has the one in place of the other; where there are both, neither may be a stranger's.
  const hosts = [headers[':authority'], headers.host].filter((host) => host !== undefined);
  return hosts.length > 0 && hosts.every((host) => typeof host === 'string' && isOwn(host));
}

function isOwn(host: string): boolean {
  const [, address, name = ''] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (address !== undefined) return isIPv6(address);
  return isIPv4(name) || /^(?:[\w-]+\.)*localhost$/i.test(name);
}
