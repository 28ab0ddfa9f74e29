import { useStage } from '../helpers/stage.js';
import { useTempDirectory } from '../helpers/temp-directory.js';

const texts: [string, string][] = [
  ['a lone high surrogate', 'a\ud800b'],
  ['a lone low surrogate', 'a\udc00b'],
  ['surrogates the wrong way round', '\udc00\ud800'],
  ['NUL', 'a\0b'],
  ['line and paragraph separators', 'a\u2028b\u2029c'],
  ['right-to-left marks', '\u202eabc\u202c\u200f'],
  ['emoji with joiners', '👩‍👩‍👧🏽🇩🇪'],
  ['combining marks, not composed', 'e\u0301 é'],
  ['a byte order mark', '\ufeffabc'],
  ['quotes, backslashes and control characters', '"\\\b\f\n\r\t\u0001\u007f'],
  ['markup', '</script><b>&amp;'],
];

describe('case 18: odd text', () => {
  const setStage = useStage();
  const directory = useTempDirectory();

  it.each(texts)('arrives as it is, and Content-Length counts bytes: %s', async (_what, text) => {
    const { crm, posted } = await setStage();
    const receipt = await crm.notify({
      notificationType: 'seen',
      userId: text,
      message: text,
      additionalData: { [text]: [text] },
    });
    const [first] = await posted();
    expect(receipt).toMatchObject({ accepted: true });
    expect(first?.json).toMatchObject({ user_id: text, message: text, additional_data: { [text]: [text] } });
    expect(first?.headers['content-length']).toBe(String(Buffer.byteLength(first?.text ?? '')));
  });

  it.each(texts)('in an id is no obstacle for what comes behind it in its lane, on disk: %s', async (_what, text) => {
    const { crm, posted } = await setStage({ outbox: directory() });
    const notifyOf = (action: string) => crm.notifyBooking({ bookingId: text, userId: 1, sessionId: 2, action });
    await Promise.all([notifyOf('created'), notifyOf('cancelled'), notifyOf('reactivated')]);
    expect((await posted()).map(({ json }) => json['notification_type'])).toEqual([
      'booking_created',
      'booking_cancelled',
      'booking_reactivated',
    ]);
    expect(await crm.stats()).toMatchObject({ pending: 0 });
  });
});
