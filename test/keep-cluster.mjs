import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before all tests: the first PostgreSQL that is started leaves its empty data here, and the others copy it. */
export default function keepCluster() {
  const directory = mkdtempSync(join(tmpdir(), 'crm-cluster-'));
  process.env.PG_CLUSTER_DIR = directory;
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
}
