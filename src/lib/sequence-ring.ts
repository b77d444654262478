/** The newest so many entries of an endless list, each with its number, so that a reader takes up where it left off. */

export interface NumberedEntry<T> {
  /** 1 for the first entry ever. */
  readonly number: number;
  readonly entry: T;
}

export interface SequenceRing<T> {
  /** Number of the newest entry; 0 while there is none. */
  readonly newest: number;
  /** Entries after `number` that are still held, oldest first. */
  since(number: number): readonly NumberedEntry<T>[];
}

export interface WritableRing<T> extends SequenceRing<T> {
  /** The number it got. */
  push(entry: T): number;
  /** Changes an entry that is still held; a reader who has had it is not told. */
  replace(number: number, entry: T): void;
}

export function createSequenceRing<T>(capacity: number): WritableRing<T> {
  const slots: NumberedEntry<T>[] = [];
  let newest = 0;
  return {
    get newest() {
      return newest;
    },
    push(entry) {
      newest++;
      slots[(newest - 1) % capacity] = { number: newest, entry };
      return newest;
    },
    replace(number, entry) {
      const slot = (number - 1) % capacity;
      if (slots[slot]?.number === number) slots[slot] = { number, entry };
    },
    since(number) {
      const held: NumberedEntry<T>[] = [];
      for (let next = Math.max(number, newest - capacity) + 1; next <= newest; next++) {
        const slot = slots[(next - 1) % capacity];
        if (slot) held.push(slot);
      }
      return held;
    },
  };
}
