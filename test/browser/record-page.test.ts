import express from 'express';
import { useServer } from '../helpers/served.js';
import { recordPage } from './record-page.js';
import { describeInBrowser, useBrowser } from './use-browser.js';

const box = (left: number): string =>
  `<div style="position: fixed; top: 0; left: ${left}px; width: 40px; height: 30px"></div>`;
const html = `<body style="background: rgb(255, 255, 255)">${box(0)}${box(120)}`;

describeInBrowser('a film of a page', () => {
  const open = useBrowser();
  const serve = useServer();

  it('shows the page as it was at the start, and what has changed since, where it has', async () => {
    const app = express().get('/', (_req, res) => res.send(html));
    const { url } = await serve(app);
    const { page } = await open({ width: 200, height: 100 });
    await page.goto(url);
    const stop = await recordPage(page);
    await page.evaluate(() => {
      for (const box of document.querySelectorAll('div')) box.style.background = 'rgb(0, 0, 255)';
    });
    const film = await stop();

    const pictures = await page.evaluate(async (base64) => {
      const data = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const decoder = new ImageDecoder({ data, type: 'image/png' });
      await decoder.tracks.ready;
      await decoder.completed;
      const seen: { size: number[]; inside: number[]; between: number[] }[] = [];
      for (let index = 0; index < (decoder.tracks.selectedTrack?.frameCount ?? 0); index += 1) {
        const { image } = await decoder.decode({ frameIndex: index });
        const context = new OffscreenCanvas(200, 100).getContext('2d')!;
        context.drawImage(image, 0, 0);
        const [inside, between] = [10, 90].map((at) => [...context.getImageData(at, 10, 1, 1).data]);
        seen.push({ size: [image.displayWidth, image.displayHeight], inside: inside!, between: between! });
      }
      return seen;
    }, film.toString('base64'));
    const white = [255, 255, 255, 255];
    const size = [200, 100];
    expect(pictures.length).toBeGreaterThan(1);
    expect(pictures.at(0)).toEqual({ size, inside: white, between: white });
    expect(pictures.at(-1)).toEqual({ size, inside: [0, 0, 255, 255], between: white });
  }, 60_000);
});
