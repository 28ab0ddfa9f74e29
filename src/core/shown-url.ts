import { createHash } from 'node:crypto';

/** Stands for a part of a URL that may be a secret. */
const hidden = '…';

/**
 * A URL as logs, errors, spans and pages show it. A path may hold a secret, as that of a webhook does, and nobody says which part of it:
 * so only what is made of words and short numbers is shown, such as `/services/data/v62.0/events`, and `…` in the place of each other
 * part. User, password, query and fragment are left out.
 */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + (pathname === '/' && !url.endsWith('/') ? '' : shownPath(pathname));
}

/** The same of a path. */
function shownPath(path: string): string {
  return partsOf(path)
    .map((part) => (isPlain(part) ? part : hidden))
    .join('/');
}

/** The parts that are not shown, and that no text of the CRM may repeat; those that are too short to be a secret may be anywhere. */
export function hiddenPartsOf(url: string): readonly string[] {
  return partsOf(new URL(url).pathname).filter((part) => !isPlain(part) && part.length >= minSecretLength);
}

/** A URL as it is remembered: the same only for the same one, and without the parts that are not shown. */
export function urlWithoutSecrets(url: string): string {
  const shown = shownUrl(url);
  return shown === url ? url : `${shown} ${createHash('sha256').update(url).digest('base64url')}`;
}

const minSecretLength = 6;
const maxDigits = 6;
/** Such as `notify`, `CrmEvents` or `v3`. A random text of letters alone is hardly ever built like words. */
const word = /^(?:(?:[A-Z]?[a-z]{2,19}){1,3}|[A-Z]{1,5}|[a-z]|v?\d{1,4})$/;

function isPlain(part: string): boolean {
  if (part === '') return true;
  const digits = part.replaceAll(/\D/g, '').length;
  return part.length <= 40 && digits <= maxDigits && part.split(/[-_.]+/).every((piece) => word.test(piece));
}

function partsOf(path: string): readonly string[] {
  return path.split(/[?#]/, 1).join('').split('/');
}
