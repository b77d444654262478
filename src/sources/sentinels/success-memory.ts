/** Remembers which successes were counted since the last look that the next life goes by, so that it counts none again. */

import type { FoundSuccess, KnownSuccess } from './observer-messages.js';

export interface SuccessMemory {
  readonly known: readonly KnownSuccess[];
  seen(success: FoundSuccess): void;
  /** A look that began then has taken in all that came before: the next life counts nothing older. */
  looked(atMs: number): void;
  toStored(): readonly StoredSuccess[];
}

type StoredSuccess = readonly [path: string, fileMs: number, atMs: number];

interface Remembered {
  /** As the file says. */
  readonly fileMs: number;
  /** By our clock. */
  readonly atMs: number;
}

export interface SuccessMemoryOptions {
  /** What the last life stored, and noted after that; of any shape. */
  readonly stored: readonly unknown[];
  /** Keeps a fact until the whole is stored again. */
  readonly note: (success: StoredSuccess) => void;
}

const MAX_REMEMBERED = 20_000;
/** Files are dated anew in the next life, and a file server's clock may be known better by then. */
const MARGIN_MS = 60_000;

export function createSuccessMemory({ stored, note }: SuccessMemoryOptions): SuccessMemory {
  const remembered = new Map<string, Remembered>(stored.flatMap(parseSuccess));
  return {
    get known() {
      return [...remembered].map(([path, { fileMs }]) => [path, fileMs] as const);
    },
    seen({ path, fileMs, atMs }) {
      // Deleted first, so that the map's order is the order of being seen.
      remembered.delete(path);
      remembered.set(path, { fileMs, atMs });
      if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
      note([path, fileMs, atMs]);
    },
    looked(lookedAtMs) {
      for (const [path, { atMs }] of remembered) {
        if (atMs < lookedAtMs - MARGIN_MS) remembered.delete(path);
      }
    },
    toStored: () => [...remembered].map(([path, { fileMs, atMs }]) => [path, fileMs, atMs]),
  };
}

/** Those of the last life, of what it stored and what it noted after that, where it watched the same. */
export function storedSuccesses(stored: unknown, notes: readonly unknown[], key: string): readonly unknown[] {
  const own = (value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && 'key' in value && value.key === key ? { ...value } : {};
  const { successes } = own(stored);
  return [
    ...(Array.isArray(successes) ? (successes as unknown[]) : []),
    ...notes.map((note) => own(note)['success']),
  ];
}

function parseSuccess(entry: unknown): readonly (readonly [string, Remembered])[] {
  if (!Array.isArray(entry)) return [];
  const [path, fileMs, atMs] = entry as unknown[];
  if (typeof path !== 'string' || typeof fileMs !== 'number' || typeof atMs !== 'number') return [];
  return [[path, { fileMs, atMs }]];
}
