import { useNotifiers } from '../helpers/observed-notifier.js';
import { useCrm } from '../helpers/use-crm.js';

describe('F7: a first start without a CRM', () => {
  const create = useNotifiers();
  const start = useCrm();

  it('logs one ERROR with the address, the cause and the command that tells more, and no WARN', async () => {
    const gone = await start();
    await gone.close();
    const notifier = create({ baseUrl: gone.url });
    await notifier.accept('a');
    await notifier.hear('paused');
    const url = `${gone.url}/notify`;
    expect(notifier.log.lines.filter(({ level }) => level !== 'debug').slice(1)).toEqual([
      {
        level: 'error',
        fields: { code: 'ECONNREFUSED', url },
        message:
          `CRM cannot be reached at ${url} (ECONNREFUSED); delivery is paused and nothing is lost. ` +
          'To see why: npx crm-notifier check',
      },
    ]);
    expect(await notifier.stats()).toMatchObject({ pending: 1 });
  });
});
