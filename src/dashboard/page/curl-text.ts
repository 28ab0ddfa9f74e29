import type { NotificationView } from '../api-contract.js';

/** A request as a command of curl, for a POSIX shell. Without a body it reads one from a file; what begins with `$` stays a variable. */
export function curlText({ method, url, headers }: NotificationView['requests'][number], body?: string): string {
  const parts = [
    `curl -X ${method} ${quoted(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    body === undefined ? '--data-binary @body.json' : `--data-raw ${literally(body)}`,
  ];
  return parts.join(' \\\n  ');
}

/** With its variables, if it has any: in upper case, as nothing else of a request has them. */
function quoted(text: string): string {
  if (!/\$[A-Z]/.test(text)) return literally(text);
  return `"${text.replaceAll(/["\\`]|\$(?![A-Z])/g, '\\$&')}"`;
}

function literally(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
