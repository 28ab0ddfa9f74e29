/** Which scripts, styles and images a page may load, in the words of a Content Security Policy. */
export interface PageSources {
  readonly script: string;
  readonly style: string;
  readonly image: string;
}

/** The headers of a page of ours: it may load these and call its own origin, and nothing else; no other page may hold it. */
export function pageHeaders({ script, style, image }: PageSources): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    `img-src ${image}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}
