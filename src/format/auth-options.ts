/**
 * How a target is told who we are, in plain data. Without it the token is sent as `Authorization: Bearer …`.
 *
 * - `basic`: user name and password (RFC 7617), such as a write key with an empty password.
 * - `header`: the token in a header of its own, such as `x-api-token`, or after a scheme that is not `Bearer`.
 * - `oauth2`: a token from `tokenUrl` (RFC 6749: client credentials, or a refresh token), asked for again before it expires and
 *   once after a 401.
 * - `none`: no credentials; for a target that is authorised by a signature or by its network.
 */
export type AuthOptions =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'header';
      /** @default 'authorization' */
      readonly name?: string | undefined;
      /** Written before the token, with a space. @default none */
      readonly scheme?: string | undefined;
    }
  | {
      readonly kind: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string | undefined;
      /** @default client credentials */
      readonly refreshToken?: string | undefined;
    }
  | { readonly kind: 'none' };
