import type { Issue } from '../core/errors.js';

/** What is wrong with a format; its members are described in `FormatDefinition`. */
export function checkDefinition(definition: unknown): Issue[] {
  if (typeof definition !== 'object' || definition === null) return [{ path: 'format', message: 'must be an object' }];
  const { name, baseUrl, path, contentType, build, classify, batch } = definition as Record<string, unknown>;
  const issues: Issue[] = [];
  const check = (isRight: boolean, member: string, message: string): void => {
    if (!isRight) issues.push({ path: member, message });
  };
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  check(
    typeof name === 'string' && /^[\w-]{1,64}$/.test(name),
    'name',
    'must be 1 to 64 characters of a-z, A-Z, 0-9, _ and -',
  );
  check(baseUrl === undefined || typeof baseUrl === 'string', 'baseUrl', 'must be a URL');
  check(isPath(path), 'path', 'must start with / and be visible ASCII without ? and #');
  check(
    contentType === undefined || isMediaType(contentType),
    'contentType',
    'must be a media type such as application/json',
  );
  check(isFunction(build), 'build', 'must be a function that returns { body }');
  check(classify === undefined || isFunction(classify), 'classify', 'must be a function');
  if (batch === undefined) return issues;
  if (typeof batch !== 'object' || batch === null) {
    return [...issues, { path: 'batch', message: 'must be an object with maxCount and join' }];
  }
  const { path: batchPath, maxCount, maxBytes, join } = batch as Record<string, unknown>;
  check(
    batchPath === undefined || isPath(batchPath),
    'batch.path',
    'must start with / and be visible ASCII without ? and #',
  );
  check(isCount(maxCount), 'batch.maxCount', 'must be a whole number from 1 on');
  check(maxBytes === undefined || isCount(maxBytes), 'batch.maxBytes', 'must be a whole number of bytes from 1 on');
  check(isFunction(join), 'batch.join', 'must be a function that returns a body');
  return issues;
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^\/(?!\/)[\x21\x22\x24-\x3e\x40-\x7e]*$/.test(value);
}

/** RFC 9110 section 8.3.1, with at most a few parameters. */
function isMediaType(value: unknown): boolean {
  return typeof value === 'string' && /^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w-]+){0,3}$/.test(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
