import { fileURLToPath } from 'node:url';
import { CRMConfigError } from '../core/errors.js';
import type { FormatFunctions, FormatPlan } from '../format/deliver-by-definition.js';
import type { FormatDefinition } from '../format/format-definition.js';

/**
 * The functions of a format, where they could not be sent: those of this package's own formats by its name, those of the app's own
 * from the module that exports it. Throws `CRMConfigError` when it exports no such format.
 */
export function loadFormatFunctions({ name, source }: FormatPlan): FormatFunctions {
  if (source === undefined || source.kind === 'built-in') return {};
  const file = source.url.startsWith('file:') ? fileURLToPath(source.url) : source.url;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- The app says which; Node can require ESM from 20.19 on.
  const exported = (require(file) as Partial<Record<string, FormatDefinition>>)[source.exportName];
  if (exported?.name !== name) {
    const message = `exports no format ${name} under this name; check module and exportName of its defineFormat`;
    throw new CRMConfigError([{ path: `format ${name}: ${source.exportName}`, message }]);
  }
  return { classify: exported.classify, join: exported.batch?.join };
}
