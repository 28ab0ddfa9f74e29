/** Several requests in one, as Salesforce's Composite resource takes them. */
export interface CompositeRequest {
  /** Whether the failure of one undoes the others. */
  readonly allOrNone: boolean;
  readonly compositeRequest: readonly CompositePart[];
}

export interface CompositePart {
  readonly method: 'POST';
  readonly url: string;
  readonly referenceId: string;
  readonly body: unknown;
}

/** Names the part of a notification in a reply: only letters, digits and `_` are allowed. */
export function referenceOf(id: string): string {
  return `n${id.replaceAll('-', '_')}`;
}
