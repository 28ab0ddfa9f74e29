import type { AdditionalData } from '../../src/index.js';
import { useStage } from '../helpers/stage.js';

const thrown = (): never => {
  throw new Error('Ada Lovelace');
};

describe('additional data', () => {
  const setStage = useStage();

  /** The additional data as the CRM got it, or the message of the rejection. */
  async function send(additionalData: unknown, maxBodyBytes?: number): Promise<unknown> {
    const { crm, posted, log } = await setStage({ maxBodyBytes });
    const receipt = await crm.notify({
      notificationType: 'seen',
      userId: 1,
      message: 'Seen',
      additionalData: additionalData as AdditionalData,
    });
    const told = await posted();
    expect(told).toHaveLength(receipt.accepted ? 1 : 0);
    if (receipt.accepted) return told[0]?.json['additional_data'];
    expect(await crm.stats()).toMatchObject({ accepted: 0, rejected: 1 });
    expect(log.at('warn')).toHaveLength(1);
    expect(log.text()).not.toContain('Ada');
    expect(receipt.error).toMatchObject({ code: 'ERR_CRM_VALIDATION', retryable: false });
    return receipt.error.message.replace('notification is not valid: ', '');
  }

  const circular: Record<string, unknown> = {};
  circular['self'] = { circular };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[string, unknown, string]>([
    ['a BigInt', { price: 5n }, 'additionalData.price: is a BigInt; send it as a string'],
    ['a circle', circular, 'additionalData: is nested too deeply, or refers to itself'],
    ['a circle through a list', { list: [circular] }, 'additionalData: is nested too deeply, or refers to itself'],
    [
      'a depth of 20,000 objects',
      nested(20_000, (inner) => ({ inner })),
      'additionalData: is nested too deeply, or refers to itself',
    ],
    [
      'a depth of 20,000 lists',
      { a: nested(20_000, (inner) => [inner]) },
      'additionalData: is nested too deeply, or refers to itself',
    ],
    [
      'a throwing getter',
      {
        get name() {
          return thrown();
        },
      },
      'additionalData: cannot be read: reading one of its properties throws',
    ],
    ['a toJSON of its own', { name: { toJSON: thrown } }, 'additionalData.name.toJSON: is a function; send data only'],
    [
      'a proxy that throws',
      new Proxy({}, { ownKeys: thrown }),
      'additionalData: cannot be read: reading one of its properties throws',
    ],
    ['a revoked proxy', revoked.proxy, 'cannot be read: reading one of its properties throws'],
    [
      'a revoked proxy within',
      { inner: revoked.proxy },
      'additionalData: cannot be read: reading one of its properties throws',
    ],
  ])('case 16: %s is rejected', async (_what, data, problem) => {
    expect(await send(data)).toBe(problem);
  });

  class Money {
    readonly amount = 5;
  }

  it.each<[string, unknown, string]>([
    ['NaN', { a: { b: [1, NaN] } }, 'additionalData.a.b[1]: is not a finite number'],
    ['Infinity', { a: -Infinity }, 'additionalData.a: is not a finite number'],
    ['an invalid date', { at: new Date('never') }, 'additionalData.at: is an invalid date'],
    ['a Map', { map: new Map() }, 'additionalData.map: is an instance of Map; send plain objects and arrays'],
    ['a Set', { set: new Set() }, 'additionalData.set: is an instance of Set; send plain objects and arrays'],
    [
      'a Buffer',
      { bytes: Buffer.from('x') },
      'additionalData.bytes: is an instance of Buffer; send plain objects and arrays',
    ],
    [
      'a typed array',
      { bytes: new Uint8Array(1) },
      'additionalData.bytes: is an instance of Uint8Array; send plain objects and arrays',
    ],
    [
      'a class instance',
      { price: new Money() },
      'additionalData.price: is an instance of Money; send plain objects and arrays',
    ],
    [
      'an error',
      { error: new TypeError('Ada') },
      'additionalData.error: is an instance of TypeError; send plain objects and arrays',
    ],
    [
      'a boxed string',
      { text: Object('Ada') as unknown },
      'additionalData.text: is an instance of String; send plain objects and arrays',
    ],
    [
      'a promise',
      { later: Promise.resolve(1) },
      'additionalData.later: is an instance of Promise; send plain objects and arrays',
    ],
    ['a function', { f: () => 'Ada' }, 'additionalData.f: is a function; send data only'],
    ['a symbol', { s: Symbol('Ada') }, 'additionalData.s: is a symbol; send data only'],
    ['undefined in a list', { list: [1, undefined] }, 'additionalData.list[1]: is undefined; use null or leave it out'],
    ['a hole in a list', { list: new Array(2) }, 'additionalData.list[0]: is undefined; use null or leave it out'],
    ['a list instead', ['Ada'], 'additionalData: must be a plain object'],
    ['a text instead', 'Ada', 'additionalData: must be a plain object'],
    ['null instead', null, 'additionalData: must be a plain object'],
    ['a class instance instead', new Money(), 'additionalData: must be a plain object'],
  ])('case 17: %s is rejected with the path', async (_what, data, problem) => {
    expect(await send(data)).toBe(problem);
  });

  it.each<[string, unknown, string]>([
    ['an address', { byGuest: { 'ada@example.com': NaN } }, 'additionalData.byGuest[key]: is not a finite number'],
    ['a name', { byGuest: { Ada: { age: NaN } } }, 'additionalData.byGuest[key].age: is not a finite number'],
    ['a number', { byPhone: { n4915112345678: NaN } }, 'additionalData.byPhone[key]: is not a finite number'],
    ['a text', { 'Dear Ada': NaN }, 'additionalData[key]: is not a finite number'],
    ['a field', { room2: { price_perNight: NaN } }, 'additionalData.room2.price_perNight: is not a finite number'],
  ])('B6: a key that may be personal is not part of the path: %s', async (_what, data, problem) => {
    expect(await send(data)).toBe(problem);
  });

  it('case 17: undefined keys are dropped; all else that JSON knows is kept', async () => {
    const data = { a: undefined, b: { c: undefined, d: [null, true, 0, -1.5e-7, '', {}, []] }, e: new Date(0), '': 1 };
    expect(await send(data)).toEqual({
      b: { d: [null, true, 0, -1.5e-7, '', {}, []] },
      e: '1970-01-01T00:00:00.000Z',
      '': 1,
    });
  });

  it('case 17: objects without a prototype are plain', async () => {
    expect(await send(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
  });

  it('case 19: dangerous keys are keys like any other, and touch no prototype', async () => {
    const text =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"__proto__":null}}';
    const { crm, posted } = await setStage();
    await crm.notify({
      notificationType: 'seen',
      userId: 1,
      message: 'Seen',
      additionalData: JSON.parse(text) as AdditionalData,
    });
    const [first] = await posted();
    expect(first?.text).toContain(`"additional_data":${text}`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  describe('case 20: what is larger than maxBodyBytes is rejected', () => {
    const tooLarge = 'additionalData: is larger than maxBodyBytes (65536) allows';

    it.each<[string, unknown, string | RegExp]>([
      ['a text of 5 MB', { text: 'x'.repeat(5_000_000) }, tooLarge],
      ['100,000 keys', Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${String(i)}`, 1])), tooLarge],
      ['10,000 elements', { list: new Array(10_000).fill('element') }, tooLarge],
      ['wide characters', { text: '€'.repeat(30_000) }, /^the body has 90\d\d\d bytes; maxBodyBytes allows 65536\./],
    ])('%s', async (_what, data, problem) => {
      expect(await send(data)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
    });

    it.each<[string, unknown]>([
      ['null', null],
      ['numbers', 1],
      ['booleans', true],
      ['empty texts', ''],
      ['empty objects', {}],
      ['empty lists', []],
    ])('after looking at no more of it than fits: %s', async (_what, element) => {
      let reads = 0;
      const endless = new Proxy([], {
        get: (_target, key) => {
          reads += 1;
          return key === 'length' ? 1_000_000 : element;
        },
      });
      expect(await send({ endless }, 10_000)).toBe('additionalData: is larger than maxBodyBytes (10000) allows');
      expect(reads).toBeLessThan(25_000);
    });

    it('to the byte', async () => {
      const { crm, posted } = await setStage({ maxBodyBytes: 300 });
      const notify = (text: string) =>
        crm.notify({ notificationType: 'seen', userId: 1, message: 'Seen', additionalData: { text } });
      await notify('');
      const [first] = await posted();
      const room = 300 - Buffer.byteLength(first?.text ?? '');
      expect(await notify('x'.repeat(room))).toMatchObject({ accepted: true });
      expect(await notify('x'.repeat(room + 1))).toMatchObject({
        accepted: false,
        error: { message: expect.stringContaining('the body has 301 bytes; maxBodyBytes allows 300') },
      });
    });

    it('a message as well', async () => {
      const { crm } = await setStage();
      expect(await crm.notify({ notificationType: 'seen', userId: 1, message: 'x'.repeat(5_000_000) })).toMatchObject({
        accepted: false,
        error: { message: expect.stringContaining('maxBodyBytes allows 65536') },
      });
    });
  });
});

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}
