/**
 * A decoded or folded form of a text, and where in the original each of its characters comes from, so that what is found in
 * the view can be removed from the original.
 */
export interface TextView {
  readonly text: string;
  /** For each UTF-16 unit of `text`, where its origin begins. */
  readonly starts: readonly number[];
  /** For each UTF-16 unit of `text`, where its origin ends. */
  readonly ends: readonly number[];
}

interface GrowingView {
  text: string;
  readonly starts: number[];
  readonly ends: number[];
}

/** Occurs in no text that was decoded from UTF-8 or folded, so no match includes it. */
const gap = '\uffff';

export function viewOf(text: string): TextView {
  const starts = Array.from({ length: text.length }, (_, at) => at);
  return { text, starts, ends: starts.map((at) => at + 1) };
}

/**
 * Removes differences of letter case, and accents: some CRMs write in capitals, and some in ASCII. Converts to both cases,
 * because ß and ẞ, and i, ı and İ, become the same only in capitals.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replace(/[\u0300-\u036f\p{Default_Ignorable_Code_Point}]/gu, '');
}

/** As `foldText`, character by character. */
export function foldView(view: TextView): TextView {
  const folded: GrowingView = { text: '', starts: [], ends: [] };
  // Most text is ASCII, which only needs lower case.
  for (const { 0: piece, index } of view.text.matchAll(/\p{ASCII}+|\P{ASCII}/gu)) {
    const next = index + piece.length;
    if (piece.charCodeAt(0) < 0x80) {
      copy(view, folded, index, next, piece.toLowerCase());
      continue;
    }
    const start = view.starts[index] ?? 0;
    const end = view.ends[next - 1] ?? 0;
    const text = foldText(piece);
    // A combining accent belongs to the letter before it.
    if (text === '' && folded.ends.length > 0) folded.ends[folded.ends.length - 1] = end;
    append(folded, text, start, end);
  }
  return folded;
}

/** One character for each byte, in lower case. */
export function foldBytes(bytes: Buffer): string {
  return withoutControls(bytes.toString('latin1')).toLowerCase();
}

/** Decodes `%41` to `A`, as in URLs. Returns undefined if nothing is encoded. */
export function unpercentView(view: TextView): TextView | undefined {
  const { text, starts, ends } = view;
  const decoded: GrowingView = { text: '', starts: [], ends: [] };
  let copied = 0;
  for (const { 0: escapes, index } of text.matchAll(/(?:%[\da-f]{2})+/gi)) {
    copy(view, decoded, copied, index);
    copied = index + escapes.length;
    for (const { character, from, to } of charactersOf(Buffer.from(escapes.replaceAll('%', ''), 'hex'))) {
      append(decoded, character, starts[index + from * 3] ?? 0, ends[index + to * 3 - 1] ?? 0);
    }
  }
  if (copied === 0) return undefined;
  copy(view, decoded, copied, text.length);
  return decoded;
}

/** Decodes `+` to a space, as in forms. Returns undefined if there is no `+`. */
export function unplusView({ text, starts, ends }: TextView): TextView | undefined {
  return text.includes('+') ? { text: text.replaceAll('+', ' '), starts, ends } : undefined;
}

/** Decodes a text's words as base64, standard or URL-safe, and folds the bytes. One view for each place a group may begin. */
export function unbase64Views(view: TextView): TextView[] {
  // Six characters are four bytes; shorter ones occur in every text by chance.
  return decodedRuns(view, /[\w+/-]{6,}/g, { encoding: 'base64', groupLength: 4, bitsEach: 6 });
}

/** As `unbase64Views`, for hexadecimal. */
export function unhexViews(view: TextView): TextView[] {
  return decodedRuns(view, /[\da-f]{8,}/gi, { encoding: 'hex', groupLength: 2, bitsEach: 4 });
}

interface Encoding {
  readonly encoding: 'base64' | 'hex';
  /** How many characters share bytes. */
  readonly groupLength: number;
  /** Bits in one character. */
  readonly bitsEach: number;
}

function decodedRuns(view: TextView, runs: RegExp, { encoding, groupLength, bitsEach }: Encoding): TextView[] {
  const found = [...view.text.matchAll(runs)];
  if (found.length === 0) return [];
  return Array.from({ length: groupLength }, (_, shift) => {
    const decoded: GrowingView = { text: '', starts: [], ends: [] };
    for (const { 0: run, index } of found) {
      const bytes = Buffer.from(run.slice(shift), encoding);
      const first = index + shift;
      bytes.forEach((_byte, at) => {
        decoded.starts.push(view.starts[first + Math.floor((at * 8) / bitsEach)] ?? 0);
        decoded.ends.push(view.ends[first + Math.ceil(((at + 1) * 8) / bitsEach) - 1] ?? 0);
      });
      decoded.text += foldBytes(bytes);
      // A match at the end of a run is at the end of the text only if the run is.
      if (index + run.length < view.text.length) append(decoded, gap, view.starts[index] ?? 0, view.starts[index] ?? 0);
    }
    return decoded;
  });
}

/** Replaces control characters, as is done in the secrets that are looked for. */
function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

function append(view: GrowingView, text: string, start: number, end: number): void {
  view.text += text;
  while (view.starts.length < view.text.length) {
    view.starts.push(start);
    view.ends.push(end);
  }
}

function copy(from: TextView, to: GrowingView, start: number, end: number, text = from.text.slice(start, end)): void {
  to.text += text;
  for (let at = start; at < end; at += 1) {
    to.starts.push(from.starts[at] ?? 0);
    to.ends.push(from.ends[at] ?? 0);
  }
}

/** Decodes UTF-8; each byte that is not UTF-8 becomes a character of its own. */
function* charactersOf(bytes: Buffer): Generator<{ character: string; from: number; to: number }> {
  let from = 0;
  while (from < bytes.length) {
    const first = bytes[from] ?? 0;
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    const character = bytes.toString('utf8', from, from + length);
    const isWhole = length > 1 && !character.includes('\ufffd');
    const to = from + (isWhole ? length : 1);
    yield { character: isWhole ? character : withoutControls(String.fromCharCode(first)), from, to };
    from = to;
  }
}
