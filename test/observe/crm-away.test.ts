import { useNotifiers } from '../helpers/observed-notifier.js';
import { reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

describe('F7: a first start without a CRM', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();

  it.each([
    ['on disk', 'delivery is paused and nothing is lost'],
    ['in memory', 'delivery is paused'],
  ])('logs one ERROR with address, cause and the command that tells more, and no WARN: %s', async (where, isPaused) => {
    const gone = await start();
    await gone.close();
    const notifier = create({ baseUrl: gone.url, outbox: where === 'on disk' ? directory() : ':memory:' });
    await notifier.accept('a');
    await notifier.hear('paused');
    const url = `${gone.url}/notify`;
    expect(notifier.log.lines.filter(({ level }) => level !== 'debug').slice(1)).toEqual([
      {
        level: 'error',
        fields: { code: 'ECONNREFUSED', url },
        message: `CRM cannot be reached at ${url} (ECONNREFUSED); ${isPaused}. ` + 'To see why: npx crm-notifier check',
      },
    ]);
    expect(await notifier.stats()).toMatchObject({ pending: 1 });
  });

  it('names the option of a target with a name, though it is the only one: the variables are for another', async () => {
    const refusing = await start(reply(401));
    const notifier = create({ targets: { sales: { baseUrl: refusing.url, authToken: 'a-token-of-its-own' } } });
    await notifier.accept('a');
    await notifier.hear('paused');
    const [error] = notifier.log.at('error');
    expect(error?.message).toBe(
      'CRM target sales refuses the token (401); delivery is paused. Set the right targets.sales.authToken',
    );
    expect(error?.fields).toEqual({ status: 401 });
  });
});
