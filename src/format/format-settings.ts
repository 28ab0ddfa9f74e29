import { optionOnly, type TableFor, type Values } from '../core/setting.js';
import { checkSigningSecrets } from '../signing/signing-secret.js';
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
  /**
   * Signs each attempt by Standard Webhooks 1.0, beside the other credentials: `secrets` are `whsec_…` for HMAC-SHA256 or `whsk_…` for
   * ed25519. To replace one, give the new and the old one until every receiver knows the new one.
   * @default not signed
   * @example signing: { secrets: [process.env.CRM_SIGNING_SECRET] }
   */
  readonly signing?: SigningOptions | undefined;
}

export interface SigningOptions {
  /** One, or a list of up to 10. */
  readonly secrets: string | readonly (string | undefined)[];
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
  signing: optionOnly<SigningOptions | undefined>(
    'signing',
    undefined,
    (value) => {
      const { secrets } = (typeof value === 'object' && value !== null ? value : {}) as Partial<SigningOptions>;
      const [issue] = checkSigningSecrets(secrets, 'sign');
      return issue === undefined ? undefined : `is not right: ${issue.path.replace('signing.', '')} ${issue.message}`;
    },
    'Signs each attempt by Standard Webhooks, with one secret or several.',
  ),
} as const satisfies TableFor<FormatSettings>;

export type FormatConfig = Values<typeof formatSettings>;
