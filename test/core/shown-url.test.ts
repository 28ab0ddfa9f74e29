import { hiddenPartsOf, shownUrl, urlWithoutSecrets } from '../../src/core/shown-url.js';

describe('a URL as it is shown', () => {
  it.each([
    'https://crm.example.com/notify',
    'http://localhost:5001',
    'http://localhost:5001/',
    'https://api.segment.io/v1/track',
    'https://api.hubapi.com/events/v3/send/batch',
    'https://acme.my.salesforce.com/services/data/v62.0/sobjects/Crm_Event__e',
    'https://crm.example.com/api/2024-01/bookingNotifications',
  ])('is %s itself where its path is made of words', (url) => {
    expect(shownUrl(url)).toBe(url);
    expect(urlWithoutSecrets(url)).toBe(url);
    expect(hiddenPartsOf(url)).toEqual([]);
  });

  it.each([
    ['https://hooks.example/services/T0/B0/Xq7LpA9zKd02', 'https://hooks.example/services/…/…/…'],
    ['https://hooks.example/hook/3f2b8c1e-9d4a-4c67-b0aa-6a1d0f3c2b11/notify', 'https://hooks.example/hook/…/notify'],
    ['https://hooks.example/1234-5678', 'https://hooks.example/…'],
    ['https://hooks.example/p%40ss', 'https://hooks.example/…'],
    ['https://hooks.example/in/QmFzZTY0U2VjcmV0', 'https://hooks.example/in/…'],
    ['https://ada:secret@hooks.example/in?token=secret#secret', 'https://hooks.example/in'],
  ])('has no part of %s that may be a secret', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
    expect(urlWithoutSecrets(url)).toMatch(/ [\w-]{43}$/);
    expect(urlWithoutSecrets(url)).not.toBe(urlWithoutSecrets(`${url}x`));
  });

  it('hides from texts what is long enough for a secret', () => {
    expect(hiddenPartsOf('https://hooks.example/services/T0/B0/Xq7LpA9zKd02')).toEqual(['Xq7LpA9zKd02']);
  });
});
