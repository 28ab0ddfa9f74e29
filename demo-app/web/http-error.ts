/** One thing that is wrong with a request: where, and what. */
export interface RequestIssue {
  /** The field, as in `user.email`; empty for the request as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Thrown by a route to answer with a status and an error that the caller may read. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly issues: readonly RequestIssue[] | undefined;

  constructor(status: number, message: string, issues?: readonly RequestIssue[]) {
    super(message);
    this.status = status;
    this.issues = issues;
  }
}
