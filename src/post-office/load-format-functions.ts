import { fileURLToPath } from 'node:url';
import { CRMConfigError } from '../core/errors.js';
import type { FormatFunctions, FormatPlan } from '../format/deliver-by-definition.js';
import type { FormatDefinition } from '../format/format-definition.js';
import type * as BuiltIn from '../formats/replies-by-format.js';

/**
 * The functions of a format, where they could not be sent: those of this package's own formats by its name, those of the app's own
 * from the module that exports it. Throws `CRMConfigError` when it exports no such format.
 */
export function loadFormatFunctions({ name, source }: FormatPlan): FormatFunctions {
  switch (source?.kind) {
    case undefined:
      return {};
    case 'built-in': {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- Loaded only where a format is used.
      const { repliesByFormat } = require('../formats/replies-by-format.js') as typeof BuiltIn;
      return repliesByFormat.get(name) ?? {};
    }
    case 'module': {
      const { url, exportName } = source;
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- The app says which; Node requires ESM as well.
      const exports = require(url.startsWith('file:') ? fileURLToPath(url) : url) as Partial<
        Record<string, FormatDefinition>
      >;
      const exported = exports[exportName];
      if (exported?.name === name) return { classify: exported.classify, join: exported.batch?.join };
      const message = `is no format ${name}; check module and exportName of its defineFormat`;
      throw new CRMConfigError([{ path: `format ${name}: the export ${exportName}`, message }]);
    }
  }
}
