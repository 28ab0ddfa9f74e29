import { optionOnly, type TableFor, type Values } from '../core/setting.js';
import { checkDefinition } from './check-definition.js';
import type { FormatDefinition } from './format-definition.js';

/** How notifications are written for a target. */
export interface FormatSettings {
  /**
   * The format of what is posted: one of `express-crm-notifier/formats/…`, or your own by `defineFormat`. What waits in the outbox
   * keeps the format it was accepted in.
   * @default this package's own, docs/wire-format.md
   * @example format: segment({ writeKey })
   */
  readonly format?: FormatDefinition | undefined;
}

export const formatSettings = {
  format: optionOnly<FormatDefinition | undefined>(
    'format',
    undefined,
    (value) => {
      const [issue] = checkDefinition(value);
      return issue === undefined ? undefined : `is no format: ${issue.path} ${issue.message}`;
    },
    'How what is posted is written: a format of express-crm-notifier/formats, or your own.',
  ),
} as const satisfies TableFor<FormatSettings>;

export type FormatConfig = Values<typeof formatSettings>;
