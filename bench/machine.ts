import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';

const require = createRequire(import.meta.url);

/** Where the figures come from: they mean little elsewhere. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly os: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly at: string;
}

const packages = ['express', 'undici', '@photostructure/sqlite', '@segment/analytics-node', 'posthog-node', 'bullmq'];

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()}`,
    node: process.version,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    at: new Date().toISOString(),
  };
}

function versionOf(name: string): string {
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return 'unknown';
  }
}
