import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, stop } from 'esbuild';

/** A file of the page. */
export interface PageAsset {
  readonly path: string;
  readonly contentType: string;
  readonly text: string;
}

/** Builds the page from the sources in `directory`, in memory, for so many apps. */
export async function buildPageAssets(directory: string, appCount: number): Promise<readonly PageAsset[]> {
  const html = await readFile(join(directory, 'index.html'), 'utf8');
  const { outputFiles } = await build({
    entryPoints: { page: join(directory, 'main.ts'), style: join(directory, 'style.css') },
    outdir: directory,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  await stop();
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return [
    { path: '/', contentType: 'html', text: html.replace('data-apps="1"', `data-apps="${appCount}"`) },
    { path: '/demo/page.js', contentType: 'js', text: textOf('page.js') },
    { path: '/demo/style.css', contentType: 'css', text: textOf('style.css') },
    { path: '/demo/icon.svg', contentType: 'svg', text: await readFile(join(directory, 'icon.svg'), 'utf8') },
  ];
}
