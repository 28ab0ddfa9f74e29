import { dirname, join } from 'node:path';
import { run } from './pack-into.js';

/** What users of the package compile with; each is a dev dependency of ours under a name of its own. */
export interface Compiler {
  readonly version: string;
  readonly manifest: string;
}

/** Written in Go, so it takes a fraction of what the older ones take. */
export const newestCompiler: Compiler = { version: '7.0', manifest: require.resolve('typescript-7/package.json') };

export const olderCompilers: readonly Compiler[] = [
  { version: '5.9', manifest: require.resolve('typescript-5.9/package.json') },
  { version: '6.0', manifest: require.resolve('typescript/package.json') },
];

/** As strict as a user can be: what our .d.ts files say is checked too, and so is what they import. */
export const strictest = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2022'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  },
  include: ['.'],
};

/** What a compiler says about a project, one complaint a line; empty when it is content. */
export async function complaintsOf(compiler: Compiler, project: string): Promise<string> {
  const tsc = join(dirname(compiler.manifest), 'bin', 'tsc');
  try {
    await run(process.execPath, [tsc, '--project', project, '--pretty', 'false'], { cwd: project });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return `${stdout ?? ''}${stderr ?? ''}` || String(error);
  }
}
