import { CRMConfigError, type Issue } from '../core/errors.js';
import { checkDefinition } from './check-definition.js';
import type { FormatDefinition } from './format-definition.js';

/** A format of the app's own; see `FormatDefinition` for its members. */
export interface OwnFormat extends Omit<FormatDefinition, 'source'> {
  /**
   * The file that exports the format: `import.meta.url`, or `__filename`. The thread that delivers loads `classify` and
   * `batch.join` from it, so it must be able to load without starting the app.
   * @default none: with one of these functions, notifications are delivered on the app's own thread
   */
  readonly module?: string | undefined;
  /** The name under which that file exports it. Needed with `module`. */
  readonly exportName?: string | undefined;
}

/**
 * Defines a format of your own, for the option `format` of a target.
 *
 * Throws `CRMConfigError` with everything that is wrong.
 *
 * @example
 * export const acme = defineFormat({
 *   name: 'acme',
 *   path: '/v2/activities',
 *   build: ({ id, type, userId, data }) => ({ body: JSON.stringify({ key: id, what: type, who: userId, ...data }) }),
 *   module: import.meta.url,
 *   exportName: 'acme',
 * });
 */
export function defineFormat({ module, exportName, ...definition }: OwnFormat): FormatDefinition {
  const issues: Issue[] = checkDefinition(definition).map((issue) => ({
    ...issue,
    path: `defineFormat: ${issue.path}`,
  }));
  if ((module === undefined) !== (exportName === undefined)) {
    issues.push({ path: 'defineFormat: module', message: 'and exportName belong together: give both, or none' });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
  if (module === undefined || exportName === undefined) return definition;
  return { ...definition, source: { kind: 'module', url: module, exportName } };
}
