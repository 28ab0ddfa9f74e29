import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** What a container of an image is started with. */
export interface Image {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Undefined while no `USER` was given: root. */
  readonly uid: number | undefined;
  readonly command: readonly string[];
  readonly stopSignal: NodeJS.Signals;
  /** A command of the shell that exits with 0 while the container is healthy. */
  readonly healthCheck: string;
  readonly volumes: readonly string[];
}

export interface BuildOptions {
  /** What `COPY` copies from. */
  readonly context: string;
  /** Stands for the file system of the image. */
  readonly root: string;
  /** Stands for the user `node` of the base image. */
  readonly nodeUser: number;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Does what a Dockerfile says, without Docker: absolute paths lie below `root`, `RUN` runs here as the current user, and `FROM`
 * and `EXPOSE` do nothing. Throws for an instruction that it does not know.
 */
export function build(dockerfile: string, { context, root, nodeUser, env: outside }: BuildOptions): Image {
  const below = (path: string): string => path.replace(/(^|[\s=])\/(?=app\b|data\b)/g, `$1${root}/`);
  const env: Record<string, string> = {};
  let cwd = root;
  let uid: number | undefined;
  let command: readonly string[] = [];
  let stopSignal: NodeJS.Signals = 'SIGTERM';
  let healthCheck = '';
  const volumes: string[] = [];

  for (const line of dockerfile.trim().split('\n')) {
    const [instruction = ''] = line.split(' ', 1);
    const rest = below(line.slice(instruction.length + 1));
    switch (instruction) {
      case 'FROM':
      case 'EXPOSE':
        break;
      case 'ENV': {
        const [name = '', value = ''] = rest.split('=');
        env[name] = value;
        break;
      }
      case 'WORKDIR':
        cwd = rest;
        mkdirSync(cwd, { recursive: true });
        break;
      case 'COPY': {
        const names = rest.split(' ').slice(0, -1);
        for (const name of names) cpSync(join(context, name), join(cwd, name));
        break;
      }
      case 'RUN':
        if (uid !== undefined) throw new Error('RUN after USER is not tried');
        execFileSync('sh', ['-c', rest.replace(/-(o|g) node\b/g, `-$1 ${String(nodeUser)}`)], {
          cwd,
          env: { ...outside, ...env },
          stdio: 'pipe',
        });
        break;
      case 'USER':
        uid = nodeUser;
        break;
      case 'VOLUME':
        volumes.push(rest);
        break;
      case 'STOPSIGNAL':
        stopSignal = rest as NodeJS.Signals;
        break;
      case 'HEALTHCHECK':
        healthCheck = rest.slice(rest.indexOf('CMD ') + 4);
        break;
      case 'CMD':
        command = JSON.parse(rest) as readonly string[];
        break;
      default:
        throw new Error(`unknown instruction ${instruction}`);
    }
  }
  return { cwd, env, uid, command, stopSignal, healthCheck, volumes };
}
