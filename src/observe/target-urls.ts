/** Where notifications are posted, as `shownUrl` shows it, by the names of the targets. */
export type TargetUrls = ReadonlyMap<string, string>;
