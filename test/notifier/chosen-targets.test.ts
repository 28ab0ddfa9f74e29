import { afterBooking, type NotifierOptions } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { useServer } from '../helpers/served.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import type { ScriptedCrm } from '../helpers/scripted-crm.js';

const authToken = 'a-token-of-its-own';

describe('the targets of a notification', () => {
  const create = useNotifiers();
  const start = useCrm();
  const serve = useServer();
  let crm: ScriptedCrm;
  let sales: ScriptedCrm;
  let observed: ObservedNotifier;
  beforeEach(async () => {
    [crm, sales] = [await start(), await start()];
    const targets: NotifierOptions['targets'] = {
      crm: { baseUrl: crm.url, authToken },
      sales: { baseUrl: sales.url, authToken },
    };
    observed = create({ targets });
  });

  const input = { notificationType: 'user_registered', userId: 1, message: 'registered' };

  it('are those it names, in whatever order, and all if it names none', async () => {
    const { notifier } = observed;
    const one = await notifier.notify({ ...input, targets: ['sales'] });
    const both = await notifier.notifyBooking({
      ...{ bookingId: 1, userId: 1, sessionId: 1, action: 'created' },
      targets: ['sales', 'crm', 'sales'],
    });
    const all = await notifier.notifyEvent({ eventId: 1, userId: 1, action: 'updated' });
    await observed.hear('delivered', 5);
    const ids = [one, both, all].map((receipt) => (receipt.accepted ? receipt.id : ''));
    expect(idsOf(sales.received).sort()).toEqual([...ids].sort());
    expect(idsOf(crm.received).sort()).toEqual(ids.slice(1).sort());
    expect(crm.received[0]?.json).not.toHaveProperty('targets');
  });

  it.each<[string, unknown]>([
    ['must be a list of one or more names', []],
    ['must be a list of one or more names', 'sales'],
    ['must be a list of one or more names', [1]],
    ['must be a list of one or more names', new Array(2)],
    ['names the target `slaes`, which is not configured; there are crm, sales', ['crm', 'slaes']],
  ])('are refused: targets %s', async (problem, targets) => {
    const receipt = await observed.notifier.notify({ ...input, targets: targets as string[] });
    expect(receipt).toMatchObject({ accepted: false, error: { code: 'ERR_CRM_VALIDATION' } });
    expect(receipt.accepted ? '' : receipt.error.message).toContain(problem);
    expect(await observed.stats()).toMatchObject({ accepted: 0, rejected: 1, pending: 0 });
  });

  it('are those of the hook, unless its mapper names others', async () => {
    const { express } = expressVersions[1]!;
    const app = express();
    app.use(observed.notifier.middleware());
    const fields = { bookingId: 7, userId: 1, sessionId: 1 };
    app.post(
      '/hook',
      afterBooking('created', () => fields, { targets: ['sales'] }),
      (_req, res) => res.json({}),
    );
    const mapper = () => ({ ...fields, targets: ['crm'] });
    app.post('/mapper', afterBooking('created', mapper, { targets: ['sales'] }), (_req, res) => res.json({}));
    const { url } = await serve(app);
    for (const path of ['/hook', '/mapper']) {
      const response = await fetch(`${url}${path}`, { method: 'POST' });
      expect(response.status).toBe(200);
    }
    await observed.hear('delivered', 2);
    expect(
      observed
        .told('delivered')
        .map(({ target }) => target)
        .sort(),
    ).toEqual(['crm', 'sales']);
    expect([crm.received.length, sales.received.length]).toEqual([1, 1]);
  });

  it('are checked where the hook is set up', () => {
    expect(() => afterBooking('created', undefined, { targets: [] })).toThrow(
      'options.targets: must be a list of one or more names of targets',
    );
  });
});
