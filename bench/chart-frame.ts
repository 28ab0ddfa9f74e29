/** What every chart has. The texts are plain: they hold none of `<`, `&` and `"`. */
export interface ChartText {
  readonly title: string;
  /** How to read it, in one or two lines. */
  readonly notes: readonly string[];
}

/** Narrow, so that its letters can still be read on a phone. */
export const chartWidth = 520;
const margin = 16;

/** Where the content may begin. */
export function chartTop({ notes }: ChartText): number {
  return 42 + notes.length * 20;
}

/** An SVG with its own background, readable on a light and on a dark page. */
export function chartFrame(text: ChartText, height: number, content: string): string {
  const notes = text.notes.map(
    (note, index) => `<text x="${margin}" y="${52 + index * 20}" class="note">${note}</text>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${chartWidth}" height="${height}" viewBox="0 0 ${chartWidth} ${height}" ` +
    `role="img" aria-label="${[text.title, ...text.notes].join('. ')}">` +
    '<style>text{font:15px system-ui,sans-serif;fill:#1f2328}.title{font-size:17px;font-weight:600}.note{fill:#424a53}' +
    '.page{fill:#fff}.grid{stroke:#d1d9e0}.ours{fill:#0969da;stroke:#0969da}.other{fill:#6e7781;stroke:#6e7781}' +
    '.line{fill:none;stroke-width:2.5}.dashed{stroke-dasharray:7 5}' +
    '@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.note{fill:#c9d1d9}.page{fill:#0d1117}.grid{stroke:#3d444d}' +
    '.ours{fill:#4493f8;stroke:#4493f8}.other{fill:#9198a1;stroke:#9198a1}.line{fill:none}}</style>' +
    `<rect width="${chartWidth}" height="${height}" rx="10" class="page"/>` +
    `<text x="${margin}" y="30" class="title">${text.title}</text>${notes.join('')}${content}</svg>\n`
  );
}
