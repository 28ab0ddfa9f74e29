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

/** From where to where in a text, the end not included. */
export type Range = readonly [start: number, end: number];

export interface SecretFinder {
  /** Where the secrets stand in a text, in order and apart from each other. */
  find(text: string): Range[];
  /** Where the beginning of a secret stands at the end of a text that was cut; its length where there is none. */
  findHalf(text: string): number;
}

/** Of a notification with ever so many strings, the longest are looked for in encoded form as well. */
const maxEncoded = 256;
/** Shorter ones are in encoded text by chance. */
const minEncodedBytes = 4;
/** A beginning that is shorter says nothing. */
const minHalfLength = 3;

/**
 * Finds secrets in a text in any letter case, with and without accents, percent-encoded (once or twice), in base64
 * wherever in a longer text it stands, and in hexadecimal. The time it takes is that of reading the text a fixed number of
 * times for each secret.
 */
export function createSecretFinder(secrets: readonly string[], maxLength = Infinity): SecretFinder {
  // Nothing that is longer than the text is in it, but its beginning may be.
  const cut = secrets.map((secret) => secret.slice(0, maxLength));
  const folded = unique(cut.map(foldText).filter((secret) => secret !== ''));
  const encoded = unique(cut.slice(0, maxEncoded).map((secret) => foldBytes(Buffer.from(secret)))).filter(
    ({ length }) => length >= minEncodedBytes,
  );
  const inViews = (text: string, look: (view: TextView, wanted: readonly string[]) => void): void => {
    if (folded.length === 0) return;
    const plain = viewOf(text);
    const once = unpercentView(plain);
    const twice = once === undefined ? undefined : unpercentView(once);
    for (const view of [plain, once, twice]) {
      if (view === undefined) continue;
      look(foldView(view), folded);
      const spaced = unplusView(view);
      if (spaced !== undefined) look(foldView(spaced), folded);
    }
    const last = twice ?? once ?? plain;
    for (const view of [...unbase64Views(last), ...unhexViews(last)]) look(view, encoded);
  };
  return {
    find(text) {
      const isCovered = new Uint8Array(text.length);
      inViews(text, (view, wanted) => {
        for (const secret of wanted) cover(isCovered, view, secret);
      });
      return rangesOf(isCovered);
    },
    findHalf(text) {
      let at = lengthWithoutHalfCharacter(text);
      inViews(text.slice(0, at), (view, wanted) => {
        for (const secret of wanted) at = Math.min(at, halfAt(view, secret) ?? at);
      });
      return at;
    },
  };
}

function cover(isCovered: Uint8Array, { text, starts, ends }: TextView, secret: string): void {
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
    isCovered.fill(1, starts[at], ends[at + secret.length - 1]);
  }
}

function halfAt({ text, starts }: TextView, secret: string): number | undefined {
  const end = text.slice(Math.max(0, text.length - secret.length + 1));
  if (secret.length <= minHalfLength || !end.includes(secret.slice(0, minHalfLength))) return undefined;
  // The algorithm of Knuth, Morris and Pratt: each unit is read once, however the secret repeats itself.
  const borders: number[] = [0];
  const next = (length: number, unit: string | undefined): number => {
    let known = length;
    while (known > 0 && secret[known] !== unit) known = borders[known - 1] ?? 0;
    return secret[known] === unit ? known + 1 : known;
  };
  for (let at = 1; at < secret.length; at += 1) borders.push(next(borders[at - 1] ?? 0, secret[at]));
  let length = 0;
  for (let at = 0; at < end.length; at += 1) length = next(length, end.charAt(at));
  return length < minHalfLength ? undefined : starts[text.length - length];
}

/** A character that was cut, or that is percent-encoded and may have been, would hide that the rest is half a secret. */
function lengthWithoutHalfCharacter(text: string): number {
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
