import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../package/pack-into.js';

/** A user's app: a directory of its own with what a package manager installed from the registry, and the tarball. */
export interface Project {
  readonly directory: string;
  /** The version of an installed package. */
  versionOf(name: string): string;
  /** Writes files of the project; the names are relative to it. */
  write(files: Readonly<Record<string, string>>): void;
  /** Runs a program in the project, as a user does in a shell. Rejects with what it printed if it fails. */
  run(command: string, args: readonly string[], more?: NodeJS.ProcessEnv): Promise<Output>;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProjectOptions {
  /** What is in package.json besides its name. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Files that are there before anything is installed. */
  readonly files?: Readonly<Record<string, string>>;
  /** Installs into a directory; npm unless a test is about another package manager. */
  readonly install?: (project: Project, packages: readonly string[]) => Promise<Output>;
}

export const tarball = process.env['ECOSYSTEM_TARBALL'] ?? '';
const workshop = process.env['ECOSYSTEM_DIRECTORY'] ?? '';

/** Where a tool goes that belongs to no project, such as another package manager. */
export const toolDirectory = (name: string): string => join(workshop, 'tools', name);

const programs = join(__dirname, 'programs');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasSqlite = major > 22 || (major === 22 && minor >= 13);

/** What an app installs besides Express and the libraries it uses: the tarball and, before Node 22.13, SQLite. */
export const ours = hasSqlite ? [tarball] : [tarball, '@photostructure/sqlite@1'];

/**
 * Makes a project and installs `packages` and this package into it. The programs of `programs/` are in it too. Fails if
 * the package manager complains about this package.
 */
export async function createProject(
  name: string,
  packages: readonly string[],
  { manifest = {}, files = {}, install = installByNpm }: ProjectOptions = {},
): Promise<Project> {
  const directory = join(workshop, name.replaceAll(/[^\w.-]+/g, '-'));
  // A test that is tried again begins anew.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  const project = projectIn(directory);
  cpSync(programs, directory, { recursive: true });
  project.write({ 'package.json': JSON.stringify({ name: 'app', private: true, ...manifest }), ...files });

  const startedAt = Date.now();
  const { stdout, stderr } = await install(project, [...packages, ...ours]);
  const complaints = `${stdout}\n${stderr}`.split('\n').filter((line) => /ERESOLVE|EBADENGINE|peer/i.test(line));
  if (complaints.length > 0) throw new Error(`installing into ${name} complains:\n${complaints.join('\n')}`);
  report(`${name}: installed ${packages.join(', ')} in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  return project;
}

/** Installs with npm what is not yet there and leaves the rest alone. */
export function installByNpm(project: Project, packages: readonly string[]): Promise<Output> {
  return project.run('npm', ['install', '--no-audit', '--no-fund', '--no-progress', ...packages]);
}

/** One line of progress; jest prints nothing before a whole file has ended. */
export function report(line: string): void {
  process.stdout.write(`${line}\n`);
}

function projectIn(directory: string): Project {
  return {
    directory,
    versionOf: (name) => {
      const text = readFileSync(join(directory, 'node_modules', name, 'package.json'), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    },
    write: (files) => {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(directory, name, '..'), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
    },
    run: async (command, args, more = {}) => {
      const env = { ...bareEnvironment(), ...more };
      try {
        return await run(command, [...args], { cwd: directory, env, timeout: 240_000, shell: false, maxBuffer: 2 ** 26 });
      } catch (error) {
        const { stdout, stderr } = error as Partial<Output>;
        const what = `${basename(command)} ${args.join(' ')}`;
        throw new Error(`${what} failed in ${basename(directory)}:\n${stdout ?? ''}\n${stderr ?? String(error)}`, {
          cause: error,
        });
      }
    },
  };
}

/** This machine's environment, without what npm, jest and their tests put into it, and without any setting of ours. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(CRM_|ECOSYSTEM_|JEST_|INIT_CWD$|NODE$|NODE_ENV$|NODE_OPTIONS$|COLOR$|FORCE_COLOR$|npm_)/;
  const config = /^npm_config_(registry|cache|userconfig|globalconfig|cafile)$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !foreign.test(name) || config.test(name)),
  );
}
