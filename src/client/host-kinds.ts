import { BlockList, isIP } from 'node:net';

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
export function isPrivateHost(hostname: string): boolean {
  const host = bareHost(hostname);
  const family = isIP(host);
  if (family !== 0) return privateAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa|test)$/.test(host);
}

/** Whether the host of a valid base URL is this machine: `localhost`, 127.0.0.0/8 or ::1. Other names may be anywhere. */
export function isOnThisMachine(baseUrl: string): boolean {
  const host = bareHost(new URL(baseUrl).hostname);
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

// 169.254.169.254 itself and its IPv6 forms: mapped, compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056); then AWS's IPv6 address.
const metadataAddresses = new Set(
  '169.254.169.254 ::ffff:a9fe:a9fe ::a9fe:a9fe 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: fd00:ec2::254'.split(' '),
);

export function isMetadataAddress(hostname: string): boolean {
  const host = bareHost(hostname);
  return metadataAddresses.has(host) || host.startsWith('2002:a9fe:a9fe:') || host.startsWith('64:ff9b:1::a9fe:a9fe');
}

/** The host without brackets and without a dot at the end, to compare it. The URL parser has canonicalised the rest. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}
