// Which packages of those that package.json names are loaded by the import, by making a notifier that is given a logger, and by
// its direct client.

const { dependencies, peerDependencies } = require('express-crm-notifier/package.json');

const loaded = () =>
  Object.keys({ ...dependencies, ...peerDependencies })
    .filter((name) =>
      Object.keys(require.cache).some((file) => file.replaceAll('\\', '/').includes(`/node_modules/${name}/`)),
    )
    .sort();

const { createNotifier } = require('express-crm-notifier');
const byImport = loaded();
const ignore = () => undefined;
const crm = createNotifier({ logger: { debug: ignore, info: ignore, warn: ignore, error: ignore } });
const byNotifier = loaded();
void crm.service;
const byDirectClient = loaded();
void crm.close();
console.log(JSON.stringify({ result: { byImport, byNotifier, byDirectClient } }));
