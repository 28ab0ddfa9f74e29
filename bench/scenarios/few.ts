import { keepRate, saturate, type Load } from '../load.js';
import { variants } from '../variants.js';
import { compare, type Comparison, type ComparisonOptions } from './comparison.js';

/** How the ways compare under one load. */
export interface FewComparison {
  readonly load: string;
  readonly comparisons: readonly Comparison[];
}

const names = ['bare', 'ours', 'ours after-response', 'undici Pool on finish'];

/** From one request at a time to a crowd, and from few requests a second to many. */
export async function compareFew(
  options: Omit<ComparisonOptions, 'load' | 'variants'>,
  isQuick: boolean,
): Promise<FewComparison[]> {
  const connections = isQuick ? [1] : [1, 4, 16, 64];
  const rates = isQuick ? [200] : [50, 200, 1_000];
  const loads: readonly (readonly [string, Load])[] = [
    ...connections.map((count): [string, Load] => [`${count} connections`, (port, s) => saturate(port, s, count)]),
    ...rates.map((rate): [string, Load] => [`${rate} a second`, (port, s) => keepRate(port, rate, s)]),
  ];
  const few = variants.filter(({ name }) => names.includes(name));
  const results: FewComparison[] = [];
  for (const [name, load] of loads) {
    options.say(`\n${name}`);
    results.push({ load: name, comparisons: await compare({ ...options, variants: few, load }) });
  }
  return results;
}
