import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeInBrowser, useBrowser } from './use-browser.js';

describeInBrowser('the browser of the tests', () => {
  const open = useBrowser();

  it('opens a page, and collects what goes wrong on it', async () => {
    const server = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html').end('<h1>Hello</h1><script>nothing()</script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { page, complaints } = await open({ width: 390 });
      await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
      expect(await page.getByRole('heading').textContent()).toBe('Hello');
      expect(complaints).toContainEqual(expect.stringContaining('nothing is not defined'));
      expect(page.viewportSize()?.width).toBe(390);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }, 30_000);
});
