/**
 * Preloaded (`--import`) by programs that run the sources. tsx makes ES modules of them, which have no `require`; compiled for
 * the package they are CommonJS.
 */
import { createRequire } from 'node:module';
import 'tsx';

globalThis.require = createRequire(import.meta.url);
