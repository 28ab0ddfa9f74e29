import type { BatchFormat, FormatDefinition } from '../../format/format-definition.js';

/**
 * What of a format runs where notifications are delivered: in a thread, to which no function can be passed. So these depend on
 * no option, and are found by the format's name.
 */
export interface FormatReplies {
  readonly classify?: NonNullable<FormatDefinition['classify']>;
  readonly join?: BatchFormat['join'];
}
