/** The id in a path such as /bookings/7. What can be no id is one that nothing has, so that the answer is 404. */
export function pathId(parameter: string | string[] | undefined): number {
  return typeof parameter === 'string' && /^[1-9]\d{0,14}$/.test(parameter) ? Number(parameter) : 0;
}
