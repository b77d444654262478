/**
 * Counts a GPU's XID errors as they come, out of three reports that each tell a part.
 *
 * The driver's value is the last error and stays for ever, so only its change is an event, and an error that repeats
 * is not seen. The exporter's own counts see repeats, but not every exporter has them, and they may lag behind the
 * value by one collection. So events are summed up by each report on its own, and the largest sum holds: each can only
 * miss events, none can invent them. What stood at first sight happened before and is no event.
 */

import { type CountVerdict, type LastCount, takeCount } from '../lib/falling-count.js';
import type { XidReading } from './gpu-observations.js';

/** Mutable, owned by the fleet; one for a GPU identity, kept when the GPU is lost. */
export interface XidTally {
  isSeen: boolean;
  last: number | undefined;
  totals: ReadonlyMap<string, LastCount>;
  recent: ReadonlyMap<string, number>;
  readonly sums: Map<string, XidSums>;
}

interface XidSums {
  last: number;
  totals: number;
  recent: number;
}

/** Errors worth an alert or a look; they start at 0, so that the first of them is seen as a rise. */
// https://docs.nvidia.com/deploy/xid-errors/
const KNOWN_XIDS = [13, 31, 43, 45, 48, 63, 64, 74, 79, 92, 94, 95, 119, 120, 140, 143];
const MAX_XIDS = 128;

export function createXidTally(): XidTally {
  return { isSeen: false, last: undefined, totals: new Map(), recent: new Map(), sums: new Map() };
}

/** Takes in one reading, and returns the counts if the exporter reports XIDs at all. */
export function tallyXids(
  tally: XidTally,
  { last, totals, recent }: XidReading,
): ReadonlyMap<string, number> | undefined {
  if (last !== undefined || totals.size > 0 || recent.size > 0) {
    for (const xid of KNOWN_XIDS) sumsOf(tally, String(xid));
  }
  if (last !== undefined) {
    const isNew = tally.last !== undefined && last !== tally.last && last !== 0;
    if (last !== 0) add(tally, String(last), 'last', isNew ? 1 : 0);
    tally.last = last;
  }
  // A count that is missing for once is remembered; a window without a count is empty.
  const kept = new Map(tally.totals);
  for (const [xid, value] of totals) {
    const before = kept.get(xid);
    const { verdict, last: said } = takeCount(before, value);
    kept.set(xid, said);
    add(tally, xid, 'totals', tally.isSeen ? rise(before?.value ?? 0, value, verdict) : 0);
  }
  for (const [xid, value] of recent) {
    // A window that has slid on takes away; only what it gains is new.
    add(tally, xid, 'recent', tally.isSeen ? Math.max(0, value - (tally.recent.get(xid) ?? 0)) : 0);
  }
  tally.totals = kept;
  tally.recent = recent;
  tally.isSeen = true;
  if (tally.sums.size === 0) return undefined;
  return new Map([...tally.sums].map(([xid, sums]) => [xid, Math.max(sums.last, sums.totals, sums.recent)]));
}

/** A count that fell for good was reset by a new start of the exporter. */
function rise(before: number, now: number, verdict: CountVerdict): number {
  if (verdict === 'held') return 0;
  return verdict === 'restarted' ? now : now - before;
}

function add(tally: XidTally, xid: string, report: keyof XidSums, count: number): void {
  const sums = sumsOf(tally, xid);
  if (sums) sums[report] += count;
}

function sumsOf({ sums }: XidTally, xid: string): XidSums | undefined {
  const known = sums.get(xid);
  if (known || sums.size >= MAX_XIDS) return known;
  const created = { last: 0, totals: 0, recent: 0 };
  sums.set(xid, created);
  return created;
}
