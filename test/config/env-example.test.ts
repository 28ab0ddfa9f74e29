import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import type { Setting } from '../../src/config/setting.js';
import { serviceSettings } from '../../src/config/service-settings.js';
import { notifierSettings } from '../../src/config/settings.js';
import { createLogCollector } from '../helpers/log-collector.js';

const projectRoot = join(__dirname, '../..');
const envExample = readFileSync(join(projectRoot, '.env.example'), 'utf8');
const configurationPage = readFileSync(join(projectRoot, 'docs/configuration.md'), 'utf8');
const optionsSource = readFileSync(join(projectRoot, 'src/config/notifier-options.ts'), 'utf8');
const settings: readonly Setting<string | number | boolean | undefined>[] = Object.values(notifierSettings);

/** `10_000` is how people read it, `10000` how a program writes it. */
const withoutSeparators = (text: string): string => text.replace(/(?<=\d)_(?=\d)/g, '');

describe('.env.example', () => {
  it.each(settings.map((setting) => [setting.variable, setting] as const))(
    'has %s with its sentence and its default',
    (variable, { description, default: value }) => {
      const line = value === undefined ? `# ${variable}=` : `${variable}=${String(value)}`;
      expect(envExample.trimEnd().split('\n\n')).toContain(`# ${description}\n${line}`);
    },
  );

  it('has each variable once and no other', () => {
    const variables = [...envExample.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
    expect([...variables].sort()).toEqual(settings.map(({ variable }) => variable).sort());
  });

  it('comes to the defaults when an app is started with it as it is', () => {
    const given = { logger: createLogCollector() };
    const config = resolveNotifierConfig({ ...given, env: parseEnv(envExample) });
    expect(config).toEqual(resolveNotifierConfig({ ...given, env: {} }));
  });
});

describe('docs/configuration.md', () => {
  const rows = configurationPage
    .split('\n')
    .filter((line) => /^\| `[^`]+` +\| `CRM_/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has each option with its variable, its default and its sentence, in the order of the table', () => {
    expect(
      rows.map(([, option, variable, value, what]) => [option, variable, withoutSeparators(value!), what]),
    ).toEqual(
      settings.map(({ option, variable, default: value, description }) => [
        `\`${option}\``,
        `\`${variable}\``,
        value === undefined ? 'none' : `\`${String(value)}\``,
        description,
      ]),
    );
  });

  it('says of each when to change it', () => {
    expect(rows.filter((cells) => cells[5] === '')).toEqual([]);
  });

  it("has the direct client's first, and says how many they are", () => {
    expect(settings.slice(0, Object.keys(serviceSettings).length)).toEqual(Object.values(serviceSettings));
    expect(Object.keys(serviceSettings)).toHaveLength(6);
    expect(configurationPage).toContain('The first six are the direct client');
  });
});

describe('the docstrings of the options', () => {
  it.each(settings.map(({ variable }) => [variable]))('name %s', (variable) => {
    expect(optionsSource).toMatch(new RegExp(`\`${variable}\``));
  });
});
