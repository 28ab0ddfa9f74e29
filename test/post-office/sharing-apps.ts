import { useBuiltPrograms, type BuiltProgram } from './built-program.js';

/** Apps of their own processes that share an outbox. */
export interface SharingApps {
  /** Resolves once all of them are ready. */
  start(baseUrl: string, outbox: string, count: number): Promise<BuiltProgram[]>;
  /** Resolves to the id of what the app has accepted. */
  acceptIn(app: BuiltProgram, lane: string): Promise<string>;
  delivers(app: BuiltProgram): Promise<boolean>;
  /** The one that delivers and the others; fails unless there is exactly one. */
  roles(apps: readonly BuiltProgram[]): Promise<{ one: BuiltProgram; others: BuiltProgram[] }>;
}

export function useSharingApps(): SharingApps {
  const run = useBuiltPrograms();

  const delivers = async (app: BuiltProgram): Promise<boolean> => {
    const count = app.lines.filter((line) => line.startsWith('delivers')).length + 1;
    app.tell({ stats: true });
    return (await app.said('delivers', count)).at(-1) === 'true';
  };

  return {
    async start(baseUrl, outbox, count) {
      const apps = Array.from({ length: count }, () =>
        run({ file: 'sharing-app.mjs', args: [baseUrl, outbox], takesOrders: true }),
      );
      await Promise.all(apps.map((app) => app.said('ready')));
      return apps;
    },

    async acceptIn(app, lane) {
      const count = app.lines.filter((line) => line.startsWith('accepted')).length + 1;
      app.tell({ accept: lane });
      return (await app.said('accepted', count)).at(-1)!;
    },

    delivers,

    async roles(apps) {
      const are = await Promise.all(apps.map(delivers));
      expect(are.filter(Boolean)).toHaveLength(1);
      return { one: apps[are.indexOf(true)]!, others: apps.filter((_, index) => are[index] !== true) };
    },
  };
}
