import type { Request } from 'express';

const redirects = new Set([301, 302, 303, 307, 308]);

/** As the route of a form responds. A route that only reads notifies nothing, whatever its status. */
export function isRedirect(status: number, { method }: Request): boolean {
  return redirects.has(status) && method !== 'GET' && method !== 'HEAD';
}
