import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExpressMajor, installInto, root } from './installed-package.js';
import { packInto } from './pack-into.js';
import { copyExample, exampleRequests, runExample } from './running-example.js';

/** Those that need nothing but what is among our dev dependencies; test/ecosystem has all of them. */
const lightExamples: readonly { readonly name: string; readonly express: ExpressMajor }[] = [
  { name: 'plain-javascript', express: 5 },
  { name: 'commonjs-express-4', express: 4 },
];

const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifestOf = (directory: string) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

jest.setTimeout(120_000);

describe('the examples', () => {
  it('each have requests that a test makes', () => {
    expect(Object.keys(exampleRequests).sort()).toEqual(examples.sort());
  });

  it.each(examples)('%s has the version of the package that is in this repository', (name) => {
    const [major, minor] = manifestOf(root).version.split('.');
    const range = manifestOf(join(root, 'examples', name)).dependencies['express-crm-notifier'];
    expect(range).toBe(`^${String(major)}.${String(minor)}.0`);
  });

  it.each(examples)('%s is in the list of examples', (name) => {
    expect(readFileSync(join(root, 'examples/README.md'), 'utf8')).toContain(`(${name}/)`);
  });
});

describe('an example that is installed from the tarball', () => {
  const workshop = mkdtempSync(join(tmpdir(), 'examples-'));
  let tarball: string;

  beforeAll(async () => {
    tarball = await packInto(workshop, root);
  });

  afterAll(() => {
    rmSync(workshop, { recursive: true, force: true });
  });

  it.each(lightExamples)('$name notifies the CRM, and stops when it is asked to', async ({ name, express }) => {
    const project = join(workshop, name);
    await installInto(project, tarball, express);
    symlinkSync(join(root, 'node_modules/express-session'), join(project, 'node_modules/express-session'), 'junction');
    copyExample(name, project);
    await runExample(name, project);
  });
});
