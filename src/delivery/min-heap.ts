/** A binary heap: the element with the smallest key first. */
export interface MinHeap<Element> {
  readonly size: number;
  push(element: Element): void;
  peek(): Element | undefined;
  pop(): Element | undefined;
  /** Takes the element that is first in another order; it compares them all. */
  takeFirst(isBefore: (a: Element, b: Element) => boolean): Element | undefined;
  /** Removes the elements that match, and returns them. */
  takeAll(matches: (element: Element) => boolean): Element[];
  some(matches: (element: Element) => boolean): boolean;
}

export function createMinHeap<Element>(keyOf: (element: Element) => number): MinHeap<Element> {
  let heap: Element[] = [];
  const isBefore = (a: Element, b: Element): boolean => keyOf(a) < keyOf(b);

  const siftUp = (element: Element, from = heap.length): void => {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Element;
      if (!isBefore(element, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = element;
  };

  const siftDown = (element: Element, from = 0): void => {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const right = childIndex + 1;
      if (right < heap.length && isBefore(heap[right] as Element, heap[childIndex] as Element)) childIndex = right;
      const child = heap[childIndex] as Element;
      if (!isBefore(child, element)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = element;
  };

  return {
    get size() {
      return heap.length;
    },
    push: (element) => {
      siftUp(element);
    },
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) siftDown(last);
      return first;
    },
    takeFirst(isFirst) {
      let index = 0;
      for (let other = 1; other < heap.length; other += 1) {
        if (isFirst(heap[other] as Element, heap[index] as Element)) index = other;
      }
      const found = heap[index];
      const last = heap.pop();
      if (last === undefined || index === heap.length) return found;
      // The last element takes its place, and may have to move up or down.
      siftUp(last, index);
      siftDown(heap[index] as Element, index);
      return found;
    },
    takeAll(matches) {
      const all = heap;
      heap = [];
      const taken: Element[] = [];
      for (const element of all) {
        if (matches(element)) taken.push(element);
        else siftUp(element);
      }
      return taken;
    },
    some: (matches) => heap.some(matches),
  };
}
