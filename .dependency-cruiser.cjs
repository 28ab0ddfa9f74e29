/**
 * Which folder of src/ may import which: folders, or single files of them, relative to src/. Its own folder may always be
 * imported. Type imports count like any other. A folder that is not listed may import nothing and fails the check.
 */
const mayImport = {
  core: [],
  telemetry: ['core'],
  notification: ['core'],
  signing: ['core'],
  format: ['core', 'notification', 'signing'],
  // The direct client resolves its options itself; nothing else of these folders knows config.
  client: ['core', 'config', 'telemetry', 'notification', 'format'],
  // How a statement is handed to the app's driver.
  outbox: ['core', 'transaction/transaction.ts'],
  transaction: ['core'],
  target: ['core', 'client', 'format', 'outbox/outbox.ts', 'signing'],
  delivery: ['core', 'outbox/delivery-outbox.ts', 'outbox/outbox.ts', 'target/target.ts'],
  // What operators see, kept beside the outbox.
  history: [
    'core',
    'telemetry/error-for-log.ts',
    'telemetry/logger.ts',
    'outbox',
    'delivery/circuit.ts',
    'delivery/pause-reports.ts',
    'delivery/delivery-event.ts',
  ],
  'post-office': [
    'core',
    'history',
    'telemetry',
    'client',
    'format',
    'formats/replies-by-format.ts',
    'signing',
    'outbox',
    'target',
    'delivery',
  ],
  notifier: [
    'core',
    'telemetry',
    'client',
    'notification',
    'format/format.ts',
    'outbox/outbox.ts',
    'history/history.ts',
    'delivery/delivery-event.ts',
    'post-office/post-office.ts',
    'hooks/hook-settings.ts',
    'transaction',
  ],
  observe: [
    'core',
    'telemetry',
    'delivery/circuit.ts',
    'delivery/delivery-event.ts',
    'delivery/pause-reports.ts',
    'outbox/outbox.ts',
    'notifier/prepare-notification.ts',
    'notifier/notifier.ts',
  ],
  hooks: ['core', 'telemetry', 'notification', 'notifier'],
  middleware: ['core', 'telemetry', 'notifier'],
  // Puts the parts' settings together, and knows nothing else of them.
  config: [
    'core',
    'telemetry/logger.ts',
    'telemetry/logger-settings.ts',
    'client/target-settings.ts',
    'client/credentials.ts',
    'client/host-kinds.ts',
    'format/format-settings.ts',
    'format/format-definition.ts',
    'outbox/outbox.ts',
    'outbox/outbox-settings.ts',
    'outbox/postgres/postgres-outbox.ts',
    'delivery/delivery-settings.ts',
    'notifier/intake-settings.ts',
    'hooks/hook-settings.ts',
  ],
  // Entry points of their own; nothing above imports them.
  formats: ['core', 'notification', 'format'],
  postgres: ['core', 'notification', 'format', 'notifier/intake-settings.ts', 'outbox'],
  prometheus: ['core', 'observe', 'notifier'],
  dashboard: [
    'core',
    'telemetry',
    'notifier',
    'outbox/outbox.ts',
    'outbox/list-record.ts',
    'history/history.ts',
    'history/delivered-record.ts',
    'history/timeline-text.ts',
  ],
  testing: ['core', 'format'],
  // The CRM's side: it takes what the format sends, and has a store of its own.
  receiver: [
    'core',
    'telemetry/logger.ts',
    'notification',
    'format',
    'signing',
    'client/token.ts',
    'notifier/notifier.ts',
    'outbox/postgres/postgres-outbox.ts',
    'outbox/sqlite/sqlite-driver.ts',
    'transaction',
  ],
  cli: [
    'core',
    'config',
    'telemetry/logger.ts',
    'telemetry/redact.ts',
    'client',
    'format',
    'notification/notification.ts',
    'notifier/notifier.ts',
    'notifier/notify.ts',
    'notifier/pause-change.ts',
    'notifier/receipt.ts',
    'outbox/outbox.ts',
    'history',
    'outbox/outbox-access.ts',
    'outbox/outbox-settings.ts',
    'outbox/list-record.ts',
    'outbox/local-access.ts',
    'outbox/matches-filter.ts',
    'outbox/postgres',
    'outbox/sqlite/outbox-directory.ts',
    'outbox/sqlite/read-outbox.ts',
    'outbox/sqlite/sqlite-driver.ts',
    'post-office/open-outbox.ts',
    'post-office/outbox-claim.ts',
    'testing/crm-server.ts',
    'testing/received-request.ts',
    // Two pages, one look.
    'dashboard/page/element.ts',
    'create-notifier.ts',
  ],
};

/** What a thing promises. Such a file imports nothing of its own folder: an implementation knows it, never the reverse. */
const contracts = [
  'format/format.ts',
  'target/target.ts',
  'outbox/outbox.ts',
  'outbox/outbox-settings.ts',
  'history/history.ts',
  'delivery/delivery-settings.ts',
  'hooks/hook-settings.ts',
  'notifier/intake-settings.ts',
  'post-office/post-office.ts',
];

/** What a user writes down, and code without a life of its own: a contract may name it. */
const values = [
  'outbox/dead-letter.ts',
  'outbox/pending-entry.ts',
  'outbox/postgres/postgres-outbox.ts',
  'delivery/batch-settings.ts',
  'history/timeline-entry.ts',
];

/** Lie in src/ itself and may import every folder; nothing in src/ imports index.ts. */
const assembly = ['create-notifier.ts', 'index.ts'];

// From here on: the tables as dependency-cruiser's rules, and what holds for all files alike.

const escaped = (path) => path.replaceAll('.', '\\.');
/** `outbox` stands for all below the folder, `outbox/outbox.ts` for the one file. */
const inSrc = (path) => (path.endsWith('.ts') ? `^src/${escaped(path)}$` : `^src/${escaped(path)}/`);

const directions = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-what-it-may`,
  comment: `src/${folder} may import: ${allowed.join(', ') || 'nothing of ours'} (the table in .dependency-cruiser.cjs).`,
  severity: 'error',
  from: { path: inSrc(folder) },
  to: { path: '^src/', pathNot: [folder, ...allowed].map(inSrc) },
}));

const contractsKnowNoImplementation = contracts.map((contract) => ({
  name: `contract-${contract.replace(/^.*\/|\.ts$/g, '')}-knows-no-implementation`,
  comment: `src/${contract} is a contract: it imports nothing of its own folder.`,
  severity: 'error',
  from: { path: inSrc(contract) },
  to: { path: inSrc(contract.replace(/\/.*/, '')), pathNot: values.map(inSrc) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...directions,
    ...contractsKnowNoImplementation,
    {
      name: 'folder-missing-in-the-table',
      comment: 'A new folder or file of src/ needs its line in the tables of .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...Object.keys(mayImport), ...assembly].map(inSrc) },
      to: {},
    },
    {
      name: 'index-is-the-outside',
      comment: 'index.ts is what others import; inside src/, import the file that defines the thing.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: inSrc('index.ts') },
    },
    {
      name: 'no-circle',
      comment: 'Imports run one way. Move what both files need into a third, which imports neither.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'Nothing imports this file and it imports nothing.',
      severity: 'error',
      from: { path: '^src/', orphan: true },
      to: {},
    },
    {
      name: 'src-stands-alone',
      comment: 'The package works without its tests and its demo.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|demo-app|dist)/' },
    },
    {
      name: 'src-needs-no-dev-dependency',
      comment:
        'Whoever installs the package does not get our devDependencies; not for types either, which get published.',
      severity: 'error',
      // A page is bundled with what it needs.
      from: { path: '^src/', pathNot: '^src/dashboard/page/' },
      // A dev dependency that is a peer too is there: the user brings it, and we bring it for our tests.
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'only-declared-packages',
      comment: 'Not in package.json, or not to be found at all.',
      severity: 'error',
      from: { path: '^(src|demo-app)/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-dev'],
      },
    },
    {
      name: 'express-only-as-a-type',
      comment: 'The app brings Express; loading a second copy of it, or of another major version, helps nobody.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '(^|/)node_modules/(@types/)?express(-serve-static-core)?/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'demo-app-is-a-user-of-the-package',
      comment: "Import 'express-crm-notifier', as any app does.",
      severity: 'error',
      from: { path: '^demo-app/' },
      to: { path: '^(src|dist)/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'demo-app-is-no-test',
      severity: 'error',
      comment: 'The demo runs without the tests.',
      from: { path: '^demo-app/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: ['node_modules', '^dist/'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
