/** What HubSpot takes, as far as the formats send it; the tests compare it with the types of its own library. */

export interface HubspotContactInput {
  /** Names the contact, by the property `idProperty`. */
  readonly id: string;
  readonly idProperty: string;
  /** Comes back with what HubSpot says about this contact. With one for each, it takes the valid ones of a request. */
  readonly objectWriteTraceId: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface HubspotEvent {
  readonly eventName: string;
  readonly uuid: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  readonly email?: string;
  readonly objectId?: string;
  readonly utk?: string;
  readonly properties: Readonly<Record<string, string>>;
}
