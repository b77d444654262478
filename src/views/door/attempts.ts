/**
 * Slows down clients that guess credentials: after a few wrong ones an address has to wait before the next is checked at all.
 * Credentials that have been right are never held up, whichever address they come from.
 */

import type { Clock } from '../../lib/clock.js';
import { keyOf } from './address-key.js';
import { digestOf } from './secret-digest.js';

export interface Attempts {
  /** How long `address` has to wait before these credentials are checked; 0: they may be now. */
  waitMs(address: string, credentials: string): number;
  wasRight(credentials: string): void;
  /**
   * Credentials that were right before are no guess: a client that has not heard of their change costs its address nothing.
   * Gives what takes the charge back.
   */
  wasWrong(address: string, credentials?: string): () => void;
}

/** So many wrong ones in a row cost nothing: a person mistypes. */
const FREE = 10;
/** From then on one more in so long. */
const REFILL_MS = 2000;
/** A bound on memory: the addresses that were quiet longest are forgotten first. */
const MAX_ADDRESSES = 4096;
const MAX_REMEMBERED = 200;

interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

export function createAttempts(clock: Pick<Clock, 'monotonicMs'>): Attempts {
  const buckets = new Map<string, Bucket>();
  const right = new Set<string>();

  function bucketOf(address: string): Bucket {
    const atMs = clock.monotonicMs();
    const last = buckets.get(keyOf(address));
    if (!last) return { left: FREE, atMs };
    return { left: Math.min(FREE, last.left + (atMs - last.atMs) / REFILL_MS), atMs };
  }

  function fill(address: string, by: number): void {
    const { left, atMs } = bucketOf(address);
    const key = keyOf(address);
    // Last in the order of insertion: those that were quiet longest go first.
    buckets.delete(key);
    buckets.set(key, { left: Math.min(FREE, Math.max(0, left + by)), atMs });
    dropOldest(buckets, MAX_ADDRESSES);
  }

  return {
    waitMs(address, credentials) {
      const { left } = bucketOf(address);
      if (left >= 1 || right.has(digestOf(credentials))) return 0;
      return Math.ceil((1 - left) * REFILL_MS);
    },
    wasRight(credentials) {
      right.add(digestOf(credentials));
      dropOldest(right, MAX_REMEMBERED);
    },
    wasWrong(address, credentials) {
      if (credentials !== undefined && right.has(digestOf(credentials))) return () => undefined;
      fill(address, -1);
      return () => fill(address, 1);
    },
  };
}

function dropOldest(held: Set<string> | Map<string, unknown>, most: number): void {
  const [oldest] = held.keys();
  if (held.size > most && oldest !== undefined) held.delete(oldest);
}
