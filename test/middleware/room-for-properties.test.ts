import { makeRoomForProperties } from '../../src/middleware/crm-middleware.js';

describe('making room for properties', () => {
  it('changes nothing that anybody can see of the values', () => {
    const object = { first: 1, complete: false, last: 'z' };
    makeRoomForProperties(object, 'complete');
    expect(object).toEqual({ first: 1, complete: false, last: 'z' });
    expect(Object.getOwnPropertyDescriptor(object, 'complete')).toEqual({
      value: false,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });

  it('leaves alone what has no such property of its own, as requests of HTTP/2 have not', () => {
    const inherited = Object.create({ complete: true }) as { complete: boolean };
    makeRoomForProperties(inherited, 'complete');
    expect(Object.keys(inherited)).toEqual([]);
    const empty = {};
    makeRoomForProperties<'complete'>(empty, 'complete');
    expect(empty).toEqual({});
  });

  it('leaves alone what cannot be deleted', () => {
    const frozen = Object.freeze({ complete: true });
    makeRoomForProperties(frozen, 'complete');
    expect(frozen).toEqual({ complete: true });
  });
});
