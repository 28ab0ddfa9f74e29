/** Where notifications are posted, by the names of the targets. */
export type TargetUrls = ReadonlyMap<string, string>;
