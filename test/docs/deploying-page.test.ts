import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { usePrograms } from '../helpers/child-program.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { blockUnder } from './code-blocks.js';
import { readPage } from './source-text.js';

const page = readPage('deploying.md');
/** How long the program may take to stop, by the page: open requests, the notifier, the thread's grace. */
const stopsWithinMs = 5_000 + 5_000 + 2_000;

describe('docs/deploying.md', () => {
  it('begins with a checklist, on the first screen', () => {
    const screen = page.split('\n').slice(0, 30);
    expect(screen.filter((line) => /^\d\. /.test(line)).length).toBeGreaterThanOrEqual(8);
    expect(page).toMatch(new RegExp(`at most ${String(stopsWithinMs / 1_000)}\\s+seconds`));
  });

  it('has what its table of places links to', () => {
    const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...page.matchAll(/\(#([\w-]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(15);
    expect(links.filter((anchor) => anchor === undefined || !anchors.includes(anchor))).toEqual([]);
  });
});

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface StatefulSet {
  readonly spec: {
    readonly selector: { readonly matchLabels: unknown };
    readonly template: {
      readonly metadata: { readonly labels: unknown };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: {
          readonly runAsNonRoot: boolean;
          readonly runAsUser: number;
          readonly fsGroup: number;
        };
        readonly containers: readonly Container[];
      };
    };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly stop_grace_period: string; readonly volumes: readonly string[] }>
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

describe('the YAML of docs/deploying.md', () => {
  const program = blockUnder(page, 'The program', 'ts');
  const dockerfile = blockUnder(page, 'Docker', 'dockerfile');

  it('is a StatefulSet that fits the program', () => {
    const { spec } = parse(blockUnder(page, 'Kubernetes', 'yaml')) as StatefulSet;
    const pod = spec.template.spec;
    const [container] = pod.containers;
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(stopsWithinMs);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: pod.securityContext.fsGroup });
    const [mount] = container?.volumeMounts ?? [];
    expect(spec.volumeClaimTemplates.map(({ metadata }) => metadata.name)).toEqual([mount?.name]);
    expect(container?.env.find(({ name }) => name === 'CRM_OUTBOX')?.value).toMatch(`${String(mount?.mountPath)}/`);
    for (const probe of [container?.livenessProbe, container?.readinessProbe]) {
      expect(program).toContain(`app.get('${String(probe?.httpGet.path)}'`);
      expect(container?.ports.map(({ name }) => name)).toContain(probe?.httpGet.port);
    }
    expect(program).toContain(`?? ${String(container?.ports[0]?.containerPort)})`);
  });

  it('is a Compose file that fits the Dockerfile', () => {
    const { services, volumes } = parse(blockUnder(page, 'Docker', 'yaml')) as Compose;
    const [service] = Object.values(services);
    const [volume = '', path = ''] = service?.volumes[0]?.split(':') ?? [];
    expect(Object.keys(volumes)).toEqual([volume]);
    expect(dockerfile).toContain(`\nVOLUME ${path}\n`);
    expect(dockerfile).toContain(`\nENV CRM_OUTBOX=${path}/outbox\n`);
    expect(Number.parseInt(service?.stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(stopsWithinMs);
  });
});

describe('the unit of docs/deploying.md', () => {
  const unit = blockUnder(page, 'systemd', 'ini');
  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  const complaintsAbout = (text: string): string => {
    const directory = mkdtempSync(join(tmpdir(), 'crm-unit-'));
    try {
      // What it starts must exist here, wherever Node is.
      writeFileSync(join(directory, 'booking-app.service'), text.replace('/usr/bin/node', process.execPath));
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', join(directory, 'booking-app.service')]);
      return `${String(stdout)}${String(stderr)}`;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };

  (hasSystemd ? it : it.skip)('is taken by systemd-analyze without a word (needs systemd-analyze)', () => {
    expect(complaintsAbout(unit)).toBe('');
    expect(complaintsAbout(unit.replace('RestartSec', 'RestartSex'))).toContain('RestartSex');
  });

  it('gives the program time to stop, and a directory that lasts', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1_000).toBeGreaterThan(stopsWithinMs);
    const state = /^StateDirectory=(.*)$/m.exec(unit)?.[1] ?? '';
    expect(unit).toContain(`CRM_OUTBOX=%S/${state}/`);
  });
});

/** Becoming another user takes root. */
const asRoot = process.geteuid?.() === 0 ? it : it.skip;
const appUser = 54_321;
const otherUser = 54_322;

describe('F12: a directory that is not the app’s, as a container has it', () => {
  const root = useTempDirectory();
  const start = usePrograms();
  const volume = (): string => join(root(), 'volume');
  const outbox = (): string => join(volume(), 'outbox');
  beforeEach(() => {
    chmodSync(root(), 0o755);
    mkdirSync(volume());
  });

  /** What comes of an app of `appUser` with its outbox there: `open`, or why not. */
  const outcomeIn = async (path: string): Promise<string> => {
    const program = start('open-outbox', { args: [path, String(appUser)] });
    const line = await Promise.race([program.line('open'), program.line('refused')]);
    program.kill('SIGTERM');
    await program.ended;
    return line;
  };
  const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

  asRoot('works in a directory of its own (needs root)', async () => {
    chownSync(volume(), appUser, appUser);
    expect(await outcomeIn(volume())).toBe('open');
    expect(await outcomeIn(outbox())).toBe('open');
  });

  asRoot('is refused where root keeps it to itself (needs root)', async () => {
    chmodSync(volume(), 0o755);
    expect(await outcomeIn(volume())).toMatch(/^refused: .*cannot be used: it belongs to user 0 and has mode 0755/);
    expect(await outcomeIn(outbox())).toMatch(/^refused: .*cannot be made/);
    expect(readdirSync(volume())).toEqual([]);
  });

  asRoot.each([
    ['everybody (emptyDir)', 0, 0o777],
    ['the group of the app (fsGroup)', appUser, 0o2775],
  ])(
    'is refused at the top of a volume that is writable by %s, and works inside it (needs root)',
    async (_by, group, mode) => {
      chownSync(volume(), 0, group);
      chmodSync(volume(), mode);
      expect(await outcomeIn(volume())).toMatch(/^refused: /);
      expect(readdirSync(volume())).toEqual([]);
      expect(await outcomeIn(outbox())).toBe('open');
      expect(modeOf(outbox())).toBe('700');
    },
  );

  asRoot('takes the rights back that a kubelet gave to the group (needs root)', async () => {
    chownSync(volume(), 0, appUser);
    chmodSync(volume(), 0o2775);
    expect(await outcomeIn(outbox())).toBe('open');
    execFileSync('chmod', ['-R', 'g+rwX', volume()]);
    chmodSync(outbox(), 0o2770);
    expect(await outcomeIn(outbox())).toBe('open');
    expect([modeOf(outbox()), modeOf(join(outbox(), 'outbox.db'))]).toEqual(['700', '600']);
  });

  asRoot('is refused with the outbox of another user in it (needs root)', async () => {
    chownSync(volume(), appUser, appUser);
    expect(await outcomeIn(volume())).toBe('open');
    chownSync(join(volume(), 'outbox.db'), otherUser, otherUser);
    expect(await outcomeIn(volume())).toMatch(/^refused: .*belongs to user 54322/);
  });
});
