/** Why a target is paused. */
export type PauseCause =
  | { readonly kind: 'unreachable'; readonly code: string }
  /** The CRM refuses the token; `detail` is why, in its words, without the token and anything personal of what was sent. */
  | { readonly kind: 'unauthorised'; readonly status: number; readonly detail?: string | undefined }
  /** It responds to every notification as to a wrong URL: 3xx, 404 or 405. */
  | { readonly kind: 'misdirected'; readonly status: number };

/**
 * Reports a pause once for each of its causes: a token must be replaced, and nobody would look for that during an outage. A
 * cause that comes back is reported again once it stays, because a CRM may respond differently each time.
 */
export interface PauseReports {
  /** The target is paused, or still paused. `isSure`: it has not worked a moment ago. */
  onPaused(cause: PauseCause, isSure: boolean): void;
  /** It is no longer paused. */
  onResumed(): void;
}

export interface PauseReportsOptions {
  readonly onPause: (cause: PauseCause) => void;
  /** Called only after `onPause`. */
  readonly onResume: () => void;
}

export function createPauseReports({ onPause, onResume }: PauseReportsOptions): PauseReports {
  /** The last one last. */
  let reported: readonly PauseCause['kind'][] = [];
  let latest: PauseCause['kind'] | undefined;
  return {
    onPaused(cause, isSure) {
      const { kind } = cause;
      const isBack = reported.includes(kind) && latest !== kind;
      latest = kind;
      if (!isSure || isBack || reported.at(-1) === kind) return;
      reported = [...reported.filter((other) => other !== kind), kind];
      onPause(cause);
    },
    onResumed() {
      const wasReported = reported.length > 0;
      reported = [];
      latest = undefined;
      if (wasReported) onResume();
    },
  };
}
