import { CRMValidationError, type Issue } from '../core/errors.js';
import type { PauseChange } from '../history/history.js';
import { checkObject } from './check-arguments.js';
import type { PauseOptions } from './notifier.js';

/** Who paused something has at most so many characters. */
const maxByLength = 200;

/** What `crm.pause()` or `crm.resume()` asks for. Throws `CRMValidationError` with every problem at once. */
export function pauseChangeOf(
  call: 'pause' | 'resume',
  options: PauseOptions,
  targets: readonly string[],
): Omit<PauseChange, 'at'> {
  const { target, by } = checkObject(`crm.${call}`, options, ['target', 'by']);
  const issues: Issue[] = [];
  if (target !== undefined && !targets.includes(target)) {
    const message = `is not configured; there ${targets.length === 1 ? 'is' : 'are'} ${targets.join(', ')}`;
    issues.push({ path: 'target', message });
  }
  if (by !== undefined && !isName(by)) {
    issues.push({ path: 'by', message: `must be a text of 1 to ${String(maxByLength)} characters in one line` });
  }
  if (issues.length > 0) throw new CRMValidationError(issues, { hook: `crm.${call}()` });
  return { target: target ?? null, isPaused: call === 'pause', by: by ?? null };
}

/** Whether a text can be shown as who paused something. */
export function isName(by: unknown): by is string {
  return typeof by === 'string' && by.length <= maxByLength && by.trim() !== '' && !unseen.test(by);
}

/** The same name in one line and cut to what is kept; undefined if nothing of it can be seen. */
export function shownName(by: string | undefined): string | undefined {
  const shown = by?.split(unseen).join(' ').trim().slice(0, maxByLength);
  return shown === '' ? undefined : shown;
}

/** Control characters, and what breaks a line. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}]/u;
