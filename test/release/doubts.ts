import { performance } from 'node:perf_hooks';

/** What speaks against a release. A step that finds something goes on, so that one run shows all there is. */
export interface Doubts {
  readonly all: readonly string[];
  /** One sentence that says what is wrong and how to mend it. */
  add(doubt: string): void;
  /** Runs a step and prints a line when it begins and when it has ended. What it throws is a doubt, too. */
  step(title: string, work: () => Promise<string | undefined> | string | undefined): Promise<void>;
}

/** Steps are numbered up to `count`. */
export function createDoubts(count: number, say: (line: string) => void): Doubts {
  const all: string[] = [];
  let number = 0;
  const add = (doubt: string): void => {
    all.push(doubt);
    say(`      doubt: ${doubt}`);
  };
  return {
    all,
    add,
    async step(title, work) {
      number += 1;
      say(`[${String(number).padStart(2)}/${count}] ${title} …`);
      const startedAtMs = performance.now();
      const before = all.length;
      try {
        const result = await work();
        if (result !== undefined) say(`      ${result}`);
      } catch (error) {
        add(`${title}: ${textOf(error)}`);
      }
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      say(`      ${all.length === before ? 'fine' : 'not fine'}, ${seconds} s`);
    },
  };
}

/** Of a program that failed, what it printed. */
function textOf(error: unknown): string {
  const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
  return [message, stdout, stderr]
    .filter((text) => text !== '')
    .join('\n')
    .trim();
}
