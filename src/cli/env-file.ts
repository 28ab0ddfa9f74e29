import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';

type Env = Readonly<Record<string, string | undefined>>;

/** A file of variables that was read. */
export interface EnvFile {
  readonly path: string;
  /** The names of this package's variables in it. */
  readonly names: readonly string[];
  /** Those of them that have another value in the environment, which wins. */
  readonly overridden: readonly string[];
}

/** The variables of a command, and the file that some of them come from. */
export interface CommandEnv {
  readonly env: Env;
  readonly envFile: EnvFile | undefined;
  /** Why a file that is there, or was given, could not be read. */
  readonly problem: string | undefined;
}

const defaultFile = '.env';
// `.env` may also be a directory: some Python environments have that name.
const noFileCodes = ['ENOENT', 'ENOTDIR', 'EISDIR'];

/** Adds the variables of a file to those of the environment: the file that is given, or `.env` in `cwd` if there is one. */
export function readEnvFile(given: string | undefined, env: Env, cwd: string): CommandEnv {
  const path = resolve(cwd, given ?? defaultFile);
  let text: string;
  try {
    // Nobody may ever write to a pipe. One that is named, such as a shell's `<(…)`, is waited for.
    if (given === undefined && !isSmallFile(path)) return { env, envFile: undefined, problem: undefined };
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const isMissing = given === undefined && noFileCodes.includes(code);
    return { env, envFile: undefined, problem: isMissing ? undefined : `${path} cannot be read (${code})` };
  }
  const variables = parseEnv(text);
  // Sorted, because some versions of Node lose the order of the file.
  const names = Object.keys(variables)
    // In a malformed file, what is read as a name may be a token.
    .filter((name) => /^CRM_[A-Z0-9_]{1,60}$/.test(name))
    .sort();
  const overridden = names.filter((name) => env[name] !== undefined && env[name] !== variables[name]);
  return { env: { ...variables, ...env }, envFile: { path, names, overridden }, problem: undefined };
}

const maxBytes = 1_048_576;

function isSmallFile(path: string): boolean {
  const stats = statSync(path);
  return stats.isFile() && stats.size <= maxBytes;
}

/** Says which variables were found in a file, and which of them do not count. */
export function envFileText({ path, names, overridden }: EnvFile): string {
  const found = names.length === 0 ? 'it sets no CRM_ variable' : names.join(', ');
  const losing =
    overridden.length === 0 ? '' : ` The environment has another value of ${overridden.join(', ')}, which wins.`;
  return `Read ${path}: ${found}.${losing}`;
}
