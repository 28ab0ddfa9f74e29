import { once } from 'node:events';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { listen } from '../runtime/listen.js';
import type { PortSetting } from '../runtime/settings.js';
import { createPage } from './create-page.js';
import { buildPageAssets } from './page-assets.js';
import { createSnapshotReader } from './read-snapshot.js';
import type { SnapshotSources } from './read-snapshot.js';
import { createSnapshotStream } from './snapshot-stream.js';
import type { Supervision } from './supervision.js';

/** Serves the page until the demo stops. Returns its port. */
export async function servePage(
  supervision: Supervision,
  wantedPort: PortSetting,
  sources: SnapshotSources,
): Promise<number> {
  const stream = createSnapshotStream(createSnapshotReader(sources));
  const assets = await buildPageAssets(join(dirname(import.meta.dirname), 'page'), sources.apps.length);
  const server = createServer(createPage({ ...sources, stream, assets }));
  const port = await listen(server, wantedPort);
  supervision.closeAtEnd(async () => {
    await stream.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return port;
}
