import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { bookedOnce, bookOnce } from './book-once.js';
import { createProject, type Project } from './project.js';

/** How a bundler makes `out/app.js` of `app.js`. */
interface Bundler {
  readonly name: string;
  readonly packages: readonly string[];
  /** What it is told in its own file, if anything. */
  readonly files?: Readonly<Record<string, string>>;
  /** Leaves express-crm-notifier out of the bundle. */
  readonly external: (project: Project) => Promise<unknown>;
  /** Puts all into the bundle. */
  readonly whole: (project: Project) => Promise<unknown>;
  /** Builds the thread beside the bundle. */
  readonly thread: (project: Project) => Promise<unknown>;
}

const webpackConfig = (entry: object, externals: object): string =>
  `const path = require('node:path');
module.exports = {
  mode: 'production',
  target: 'node',
  entry: ${JSON.stringify(entry)},
  externals: ${JSON.stringify(externals)},
  output: { path: path.resolve('out'), filename: '[name].js' },
};`;

const webpack =
  (config: string) =>
  (project: Project): Promise<unknown> =>
    project.run('npx', ['webpack', '--config', config]);

const bundlers: readonly Bundler[] = [
  {
    name: 'webpack',
    packages: ['webpack@5', 'webpack-cli@6'],
    files: {
      'external.cjs': webpackConfig(
        { app: './app.js' },
        {
          'express-crm-notifier': 'commonjs express-crm-notifier',
          'express-crm-notifier/testing': 'commonjs express-crm-notifier/testing',
        },
      ),
      'whole.cjs': webpackConfig({ app: './app.js' }, {}),
      'thread.cjs': webpackConfig({ 'crm-notifier-thread': 'express-crm-notifier/thread' }, {}),
    },
    external: webpack('external.cjs'),
    whole: webpack('whole.cjs'),
    thread: webpack('thread.cjs'),
  },
  {
    name: 'ncc',
    packages: ['@vercel/ncc'],
    external: (project) => ncc(project, 'app.js', '-e', 'express-crm-notifier', '-e', 'express-crm-notifier/testing'),
    whole: (project) => ncc(project, 'app.js'),
    async thread(project) {
      const printed = await project.run('node', ['-p', "require.resolve('express-crm-notifier/thread')"]);
      await project.run('npx', ['ncc', 'build', printed.stdout.trim(), '-o', 'out/crm-notifier-thread']);
    },
  },
];

/** Its bundles are called index.js. */
async function ncc(project: Project, entry: string, ...options: readonly string[]): Promise<void> {
  await project.run('npx', ['ncc', 'build', entry, '-o', 'out', ...options]);
  cpSync(join(project.directory, 'out/index.js'), join(project.directory, 'out/app.js'));
}

describe.each(bundlers)('F16: $name', ({ name, packages, files = {}, external, whole, thread }) => {
  let project: Project;

  beforeAll(async () => {
    const app = { 'app.js': "require('./express.cjs');" };
    project = await createProject(name, ['express@5', ...packages], { files: { ...app, ...files } });
  });

  it('bundles an app and leaves the package out of it', async () => {
    await external(project);
    expect(await bookOnce(project, 'out/app.js')).toEqual(bookedOnce);
  });

  it('bundles all into one file, which works without a thread and warns once how to have one', async () => {
    await whole(project);
    const warnings = [expect.stringContaining('build express-crm-notifier/thread as crm-notifier-thread.js beside it')];
    expect(await bookOnce(project, 'out/app.js')).toEqual({ ...bookedOnce, warnings });
  });

  it('bundles the thread beside that, which has it then', async () => {
    await thread(project);
    expect(await bookOnce(project, 'out/app.js')).toEqual(bookedOnce);
  });
});
