/**
 * How long a `Retry-After` header asks to wait, in milliseconds from `now`; undefined when it says nothing valid.
 *
 * RFC 9110 section 10.2.3 allows a count of seconds or one of the three HTTP-date forms of section 5.6.7. Nothing else
 * is guessed at: `new Date('-5')` is a day in 2001, which would mean "at once".
 */
export function parseRetryAfter(value: string | string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{1,20}$/.test(text)) return Number(text) * 1000;
  if (!httpDateForms.some((form) => form.test(text))) return undefined;
  const instant = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(instant) ? undefined : Math.max(0, instant - now);
}

const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const time = String.raw`\d{2}:\d{2}:\d{2}`;

const httpDateForms = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{2}, \d{2} ${month} \d{4} ${time} GMT$`),
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, \d{2}-${month}-\d{2} ${time} GMT$`),
  // asctime: Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^[A-Z][a-z]{2} ${month} [ \d]\d ${time} \d{4}$`),
];
