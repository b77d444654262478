/** What is to happen when, in virtual time: a heap, first by time, then in the order it was put down. */

export interface Agenda {
  readonly nowMs: number;
  at(atMs: number, happen: () => void): void;
  after(delayMs: number, happen: () => void): void;
  /** Lets everything happen up to and including `untilMs`, which then is now. */
  runUntil(untilMs: number): void;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

export function createAgenda(startMs: number): Agenda {
  const heap: Entry[] = [];
  let nowMs = startMs;
  let count = 0;

  function isBefore(one: Entry, other: Entry): boolean {
    return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
  }

  function put(entry: Entry): void {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  function take(): Entry | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    sink(last);
    return first;
  }

  function sink(entry: Entry): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      const isOther = one && other && isBefore(other, one);
      const child = isOther ? other : one;
      if (!child || !isBefore(child, entry)) break;
      heap[index] = child;
      index = isOther ? left + 1 : left;
    }
    heap[index] = entry;
  }

  function at(atMs: number, happen: () => void): void {
    put({ atMs: Math.max(atMs, nowMs), order: count++, happen });
  }

  return {
    get nowMs() {
      return nowMs;
    },
    at,
    after: (delayMs, happen) => at(nowMs + delayMs, happen),
    runUntil(untilMs) {
      for (;;) {
        const first = heap[0];
        if (!first || first.atMs > untilMs) break;
        take();
        nowMs = first.atMs;
        first.happen();
      }
      nowMs = untilMs;
    },
  };
}
