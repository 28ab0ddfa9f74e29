/** A binary heap: the smallest element first, by a number that each element has. */
export interface MinHeap<Element> {
  readonly size: number;
  push(element: Element): void;
  peek(): Element | undefined;
  pop(): Element | undefined;
}

export function createMinHeap<Element>(keyOf: (element: Element) => number): MinHeap<Element> {
  const heap: Element[] = [];
  const isBefore = (a: Element, b: Element): boolean => keyOf(a) < keyOf(b);

  const siftUp = (element: Element): void => {
    let index = heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Element;
      if (!isBefore(element, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = element;
  };

  const siftDown = (element: Element): void => {
    let index = 0;
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
    push: siftUp,
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) siftDown(last);
      return first;
    },
  };
}
