import {
  foldBytes,
  foldText,
  foldView,
  unbase64Views,
  unhexViews,
  unpercentView,
  unplusView,
  viewOf,
  type TextView,
} from './text-view.js';

/** A range of a text, the end not included. */
export type Range = readonly [start: number, end: number];

export interface SecretFinder {
  /** Returns where the secrets are in a text, in order and without overlaps. */
  find(text: string): Range[];
  /** Returns where a secret begins that a text was cut in the middle of; the text's length if there is none. */
  findCutSecret(text: string): number;
}

/** How many secrets are looked for in encoded form as well: the first, since callers list the token and the longest first. */
const maxEncoded = 256;
/** Shorter secrets occur in encoded text by chance. */
const minEncodedBytes = 4;
/** Shorter beginnings of a secret occur by chance. */
const minBeginningLength = 3;

/**
 * Finds secrets in a text in any letter case, with and without accents, percent-encoded (once or twice), in base64
 * anywhere in a longer text, and in hexadecimal. Takes as long as reading the text a fixed number of times for each secret.
 */
export function createSecretFinder(secrets: readonly string[], maxLength = Infinity): SecretFinder {
  // A secret that is longer than the text is not in it, but its beginning may be.
  const cut = secrets.map((secret) => secret.slice(0, maxLength));
  const folded = unique(cut.map(foldText).filter((secret) => secret !== ''));
  const encoded = unique(cut.slice(0, maxEncoded).map((secret) => foldBytes(Buffer.from(secret)))).filter(
    ({ length }) => length >= minEncodedBytes,
  );
  const searchViews = (text: string, search: (view: TextView, wanted: readonly string[]) => void): void => {
    if (folded.length === 0) return;
    const plain = viewOf(text);
    const once = unpercentView(plain);
    const twice = once === undefined ? undefined : unpercentView(once);
    for (const view of [plain, once, twice]) {
      if (view === undefined) continue;
      search(foldView(view), folded);
      const spaced = unplusView(view);
      if (spaced !== undefined) search(foldView(spaced), folded);
    }
    const last = twice ?? once ?? plain;
    for (const view of [...unbase64Views(last), ...unhexViews(last)]) search(view, encoded);
  };
  return {
    find(text) {
      const isCovered = new Uint8Array(text.length);
      searchViews(text, (view, wanted) => {
        for (const secret of wanted) coverMatches(isCovered, view, secret);
      });
      return rangesOf(isCovered);
    },
    findCutSecret(text) {
      let at = lengthWithoutCutCharacter(text);
      searchViews(text.slice(0, at), (view, wanted) => {
        for (const secret of wanted) at = Math.min(at, cutSecretAt(view, secret) ?? at);
      });
      return at;
    },
  };
}

function coverMatches(isCovered: Uint8Array, { text, starts, ends }: TextView, secret: string): void {
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
    isCovered.fill(1, starts[at], ends[at + secret.length - 1]);
  }
}

function cutSecretAt({ text, starts }: TextView, secret: string): number | undefined {
  const end = text.slice(Math.max(0, text.length - secret.length + 1));
  if (secret.length <= minBeginningLength || !end.includes(secret.slice(0, minBeginningLength))) return undefined;
  // The algorithm of Knuth, Morris and Pratt: each unit is read once, even if the secret repeats itself.
  const borders: number[] = [0];
  const next = (length: number, unit: string | undefined): number => {
    let known = length;
    while (known > 0 && secret[known] !== unit) known = borders[known - 1] ?? 0;
    return secret[known] === unit ? known + 1 : known;
  };
  for (let at = 1; at < secret.length; at += 1) borders.push(next(borders[at - 1] ?? 0, secret[at]));
  let length = 0;
  for (let at = 0; at < end.length; at += 1) length = next(length, end.charAt(at));
  return length < minBeginningLength ? undefined : starts[text.length - length];
}

/** Leaves out a last character that was cut, or is percent-encoded and may have been: it would hide a cut secret. */
function lengthWithoutCutCharacter(text: string): number {
  let length = text.replace(/%(?:25)?[\da-f]?$|[\ud800-\udbff]$/i, '').length;
  for (;;) {
    const [escape] = /%(?:25)?[\da-f]{2}$/i.exec(text.slice(Math.max(0, length - 5), length)) ?? [];
    if (escape === undefined) break;
    length -= escape.length;
  }
  return length;
}

function rangesOf(isCovered: Uint8Array): Range[] {
  const ranges: Range[] = [];
  for (let start = isCovered.indexOf(1); start !== -1;) {
    const gapAt = isCovered.indexOf(0, start);
    const end = gapAt === -1 ? isCovered.length : gapAt;
    ranges.push([start, end]);
    start = isCovered.indexOf(1, end);
  }
  return ranges;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
