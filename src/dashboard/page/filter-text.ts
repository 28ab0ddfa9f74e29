import { filterNames, type FilterName, type ListFilter } from './address.js';
import { dayAndTimeText } from './element.js';

/** What a filter selects: `Those with type: user_moved, status: 422.` Empty for one that selects all. */
export function filterSentence(filter: ListFilter): string {
  const names = filterNames.filter((name) => filter[name] !== '');
  if (names.length === 0) return '';
  return `Those with ${names.map((name) => filterPartText(name, filter[name])).join(', ')}.`;
}

/** One part of a filter, in words. */
export function filterPartText(name: FilterName, value: string): string {
  if (name === 'status' && value === '0') return 'status: none';
  return `${name}: ${name === 'from' || name === 'to' ? dayAndTimeText(Number(value)) : value}`;
}
