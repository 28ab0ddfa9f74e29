import type { Range } from '../api-contract.js';

/** How far back the charts go: part of the page's address, so that it outlives a reload and can be sent to somebody. */
export interface RangeChoice {
  readonly range: Range;
}

const ranges: readonly Range[] = ['hour', 'day', 'week'];

/** Makes the links of the choice work without loading the page again. `onChange` is also called after Back and Forward. */
export function createRangeChoice(onChange: () => void): RangeChoice {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('#ranges a')];
  let range = rangeOfAddress();

  const show = (): void => {
    for (const link of links) {
      if (link.search === `?range=${range}`) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  };
  const change = (): void => {
    range = rangeOfAddress();
    show();
    onChange();
  };

  for (const link of links) {
    link.addEventListener('click', (event) => {
      // With a key held down the browser opens it elsewhere.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.pushState(null, '', link.search);
      change();
    });
  }
  addEventListener('popstate', change);
  show();
  return {
    get range() {
      return range;
    },
  };
}

function rangeOfAddress(): Range {
  const text = new URLSearchParams(location.search).get('range');
  return ranges.find((range) => range === text) ?? 'hour';
}
