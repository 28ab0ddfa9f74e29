import { BlockList, isIP } from 'node:net';

/** Either the URL as it will be used, or what is wrong with it, without repeating the value. */
export type BaseUrl = { readonly url: string; readonly isPublicHttp: boolean } | { readonly problem: string };

/**
 * Parses the CRM's base URL: http or https, with a host, optionally a port and a path. Slashes at the end of the path are
 * dropped, so `https://h/base` and `https://h/base/` mean the same.
 */
export function parseBaseUrl(text: unknown): BaseUrl {
  if (typeof text !== 'string') return { problem: 'must be a string such as http://localhost:5001' };
  if (text === '') return { problem: 'must not be empty; give a URL such as http://localhost:5001' };
  // The URL parser would drop some of these silently.
  if (/[\s\p{Cc}]/u.test(text)) return { problem: 'must not contain spaces, tabs or line breaks' };
  if (!/^https?:\/\//i.test(text)) return { problem: 'must start with http:// or https://' };
  if (!URL.canParse(text)) return { problem: 'is not a valid URL; check the host and the port (1 to 65535)' };
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return { problem: 'must not contain a user or password; the token goes into authToken (CRM_AUTH_TOKEN)' };
  }
  if (/[?#]/.test(text)) return { problem: 'must not have a query or fragment; they would be lost' };
  if (url.port === '0') return { problem: 'must not use port 0' };
  if (isMetadataAddress(url.hostname)) {
    return { problem: 'is the address of a cloud machine’s metadata service, which is no CRM' };
  }
  // The same name (RFC 6761 section 6.3), but not every resolver resolves it with the dot.
  if (url.hostname === 'localhost.') url.hostname = 'localhost';
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    isPublicHttp: url.protocol === 'http:' && !isPrivateHost(url.hostname),
  };
}

const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateAddresses.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  privateAddresses.addSubnet(network, prefix, 'ipv6');
}

/** Loopback, private networks (RFC 1918, 4193, 6598) and names that public DNS does not resolve. */
function isPrivateHost(hostname: string): boolean {
  const host = bareHost(hostname);
  const family = isIP(host);
  if (family !== 0) return privateAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa|test)$/.test(host);
}

// 169.254.169.254 itself and its IPv6 forms: mapped, compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056); then AWS's IPv6 address.
const metadataAddresses = new Set([
  '169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
  'fd00:ec2::254',
]);

function isMetadataAddress(hostname: string): boolean {
  const host = bareHost(hostname);
  return metadataAddresses.has(host) || host.startsWith('2002:a9fe:a9fe:') || host.startsWith('64:ff9b:1::a9fe:a9fe');
}

/** The host without brackets and without a dot at the end, to compare it. The URL parser has canonicalised the rest. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}
