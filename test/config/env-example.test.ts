import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import { settingsIn } from '../../src/config/resolve-settings.js';
import { notifierSettings, serviceSettings } from '../../src/config/settings.js';
import type { Setting, SettingTable, VariableSetting } from '../../src/core/setting.js';
import { createLogCollector } from '../helpers/log-collector.js';

const projectRoot = join(__dirname, '../..');
const envExample = readFileSync(join(projectRoot, '.env.example'), 'utf8');
const configurationPage = readFileSync(join(projectRoot, 'docs/configuration.md'), 'utf8');
type Written = VariableSetting<string | number | boolean | undefined>;

const withVariable = (table: SettingTable): readonly Written[] =>
  settingsIn(table).filter((setting): setting is Written => setting.variable !== undefined);
const settings = withVariable(notifierSettings);
const optionsOnly = settingsIn(notifierSettings).filter(({ variable }) => variable === undefined);

/** The cells of the rows that begin like this. */
const rowsOf = (beginning: RegExp): readonly (readonly string[])[] =>
  configurationPage
    .split('\n')
    .filter((line) => beginning.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

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
    const env = { NODE_ENV: 'development' };
    const config = resolveNotifierConfig({ ...given, env: { ...env, ...parseEnv(envExample) } });
    // The example names the outbox, but not another one.
    expect(config).toEqual(resolveNotifierConfig({ ...given, env }));
  });
});

describe('docs/configuration.md', () => {
  const rows = rowsOf(/^\| `[^`]+` +\| `CRM_/);

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
    const service = withVariable(serviceSettings);
    expect(settings.slice(0, service.length)).toEqual(service);
    expect(service).toHaveLength(6);
    expect(configurationPage).toContain('The first six are the direct client');
  });

  it.each(optionsOnly.map(({ option, description }) => [option, description]))(
    'has %s, which has no variable, with its sentence',
    (option, description) => {
      const [row] = rowsOf(new RegExp(`^\\| \`${option}\`(?! +\\| \`CRM_)`));
      expect(row?.[3]).toBe(description);
    },
  );
});

describe('the file of a group, by docs/configuration.md,', () => {
  const fileOf = new Map(
    rowsOf(/^\| `[^`]+` .*`src\//).map(([, group, , file]) => [group?.slice(1, -1), file?.slice(1, -1)]),
  );
  const owned = ownedSettings();

  it.each(owned)('%s: has a docstring that names %s', (group, variable) => {
    const source = readFileSync(join(projectRoot, fileOf.get(group) ?? ''), 'utf8');
    const docstrings = [...source.matchAll(/\/\*\*.*?\*\//gs)].join('\n');
    expect(docstrings).toMatch(new RegExp(`\`${variable}\``));
  });

  it('is there for every setting with a variable', () => {
    expect(owned.map(([, variable]) => variable)).toEqual(settings.map(({ variable }) => variable));
  });
});

/** Every variable with the group that owns it: the first that has it. */
function ownedSettings(): readonly (readonly [group: string, variable: string])[] {
  const owner = new Map<Setting<unknown>, readonly [string, string]>();
  for (const [group, table] of Object.entries<SettingTable[string]>(notifierSettings)) {
    for (const setting of withVariable({ [group]: table })) {
      if (!owner.has(setting)) owner.set(setting, [group, setting.variable]);
    }
  }
  return [...owner.values()];
}
