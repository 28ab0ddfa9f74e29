const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The ULID (https://github.com/ulid/spec) with the same 128 bits as a UUID, in 26 characters of Crockford's base 32. A UUIDv7
 * begins with the same milliseconds as a ULID, so both sort alike. Undefined if the text is no UUID.
 */
export function ulidOfUuid(uuid: string): string | undefined {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) return undefined;
  let bits = BigInt(`0x${uuid.replaceAll('-', '')}`);
  let ulid = '';
  for (let count = 0; count < 26; count += 1) {
    ulid = (alphabet[Number(bits & 31n)] ?? '') + ulid;
    bits >>= 5n;
  }
  return ulid;
}
