import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bareEnvironment } from '../helpers/bare-environment.js';
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

/** The packed package; `run-ecosystem.ts` sets it. */
export const tarball = process.env['ECOSYSTEM_TARBALL'] ?? '';
const workshop = process.env['ECOSYSTEM_DIRECTORY'] ?? '';

/** Where a tool goes that belongs to no project, such as another package manager. */
export const toolDirectory = (name: string): string => join(workshop, 'tools', name);

const programs = join(__dirname, 'programs');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasSqlite = major > 22 || (major === 22 && minor >= 13);

/** What package managers print when this package does not go with what an app has. */
const complaint = /ERESOLVE|(warn|YN0002|YN0060|YN0086|unmet|missing).*express-crm-notifier/i;

/** What an app installs besides Express and the libraries it uses: the tarball and, before Node 22.13, SQLite. */
const ours = hasSqlite ? [tarball] : [tarball, '@photostructure/sqlite@1'];

/** The directory of the latest project of this file. */
let current: string | undefined;

/**
 * Makes a project and installs `packages` and this package into it. The programs of `programs/` are in it too. Fails if
 * the package manager complains about this package.
 */
export async function createProject(
  name: string,
  packages: readonly string[],
  { manifest = {}, files = {}, install = installByNpm }: ProjectOptions = {},
): Promise<Project> {
  // The tests of a file run one after the other, so the project before this one has served its purpose.
  if (current !== undefined) rmSync(current, { recursive: true, force: true });
  const directory = join(workshop, name.replaceAll(/[^\w.-]+/g, '-'));
  current = directory;
  mkdirSync(directory);
  const project = projectIn(directory);
  cpSync(programs, directory, { recursive: true });
  project.write({ 'package.json': JSON.stringify({ name: 'app', private: true, ...manifest }), ...files });

  const startedAt = Date.now();
  const { stdout, stderr } = await install(project, [...packages, ...ours]);
  const complaints = `${stdout}\n${stderr}`.split('\n').filter((line) => complaint.test(line));
  if (complaints.length > 0) throw new Error(`installing into ${name} complains:\n${complaints.join('\n')}`);
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  report(`${name}: installed ${packages.map((asked) => foundFor(asked, project)).join(', ')} in ${seconds} s`);
  return project;
}

/** What was installed for `express@5`: `express 5.3.0`; only the name where there is no node_modules to look into. */
function foundFor(asked: string, project: Project): string {
  const name = asked.slice(0, asked.indexOf('@', 1));
  return existsSync(join(project.directory, 'node_modules', name)) ? `${name} ${project.versionOf(name)}` : name;
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
        return await run(command, [...args], {
          cwd: directory,
          env,
          timeout: 240_000,
          shell: false,
          maxBuffer: 2 ** 26,
        });
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
