/** Makes one stable picture of metrics pages that come from several nodes in turn, each of which lists its own queues only. */

import type { DetailedPage, DetailedQueue } from './parse-detailed.js';

export interface NodePages {
  /** Takes one page, and returns what is known of all nodes. */
  take(page: DetailedPage, readAtMs: number): ClusterPage;
}

export interface ClusterPage {
  /** Those that are there: of a deleted queue the broker may go on to show counters. */
  readonly queues: ReadonlyMap<string, TimedQueue>;
  /** The nodes that take turns, where they tell their names; undefined while one answers. */
  readonly takingTurns?: readonly string[];
}

export interface TimedQueue {
  readonly figures: Readonly<DetailedQueue>;
  /** Of the page that has them. */
  readonly readAtMs: number;
}

interface NodePage {
  readonly atMs: number;
  readonly queues: DetailedPage['queues'];
}

interface KeptQueue extends TimedQueue {
  /** Pages in a row without it. */
  readonly missed: number;
  /** How often it came back. */
  readonly returns: number;
}

/** For how long a node's page counts while others answer, and turns are remembered. */
const KEPT_MS = 2 * 60_000;
/** Pages of unknown nodes: a queue that is on none of so many is gone. */
const MAX_MISSED = 4;
const MAX_MISSED_IN_TURNS = 24;
/** A queue that is deleted and declared again returns once. */
const RETURNS_IN_TURNS = 2;

export function createNodePages(): NodePages {
  const pages = new Map<string, NodePage>();
  let kept = new Map<string, KeptQueue>();
  let nodeBefore: string | undefined;
  let turnAtMs = Number.NEGATIVE_INFINITY;

  function takeKnown(node: string, { queues }: DetailedPage, nowMs: number): ClusterPage {
    for (const [name, { atMs }] of pages) if (nowMs - atMs > KEPT_MS) pages.delete(name);
    // A node that answers again after another did takes turns with it; a failover does not come back.
    if (nodeBefore !== undefined && node !== nodeBefore && pages.has(node)) turnAtMs = nowMs;
    nodeBefore = node;
    // The newest is the last.
    pages.delete(node);
    pages.set(node, { atMs: nowMs, queues });
    const isInTurns = nowMs - turnAtMs <= KEPT_MS;
    return {
      queues: mergePages(pages.values()),
      ...(isInTurns && { takingTurns: [...pages.keys()].toSorted() }),
    };
  }

  function takeUnknown({ queues }: DetailedPage, nowMs: number): ClusterPage {
    const now = new Map<string, KeptQueue>();
    for (const [name, figures] of queues) {
      if (!hasDepth(figures)) continue;
      const before = kept.get(name);
      const returns = returnsOf(before);
      if (returns >= RETURNS_IN_TURNS && before?.missed !== 0) turnAtMs = nowMs;
      now.set(name, { figures, readAtMs: nowMs, missed: 0, returns });
    }
    const isInTurns = nowMs - turnAtMs <= KEPT_MS;
    const limit = isInTurns ? MAX_MISSED_IN_TURNS : MAX_MISSED;
    for (const [name, { missed, ...queue }] of kept) {
      if (!now.has(name) && missed + 1 < limit) now.set(name, { ...queue, missed: missed + 1 });
    }
    kept = now;
    return { queues: now, ...(isInTurns && { takingTurns: [] }) };
  }

  return {
    take: (page, readAtMs) =>
      page.node === undefined ? takeUnknown(page, readAtMs) : takeKnown(page.node, page, readAtMs),
  };
}

/** With this page, which has it. */
function returnsOf(before: KeptQueue | undefined): number {
  const { missed = 0, returns = 0 } = before ?? {};
  return missed > 0 ? returns + 1 : returns;
}

/**
 * RabbitMQ 4 goes on to show the counters of a deleted queue, and its consumers for as long as the channel is open that
 * consumed from it (seen with 4.0.5): only what has depth is there.
 */
function hasDepth({ ready, unacked }: Readonly<DetailedQueue>): boolean {
  return ready !== undefined || unacked !== undefined;
}

/** Depths are those of the node that keeps the queue; what channels did is counted by the node that each is on. */
function mergePages(pages: Iterable<NodePage>): ReadonlyMap<string, TimedQueue> {
  const merged = new Map<string, TimedQueue>();
  for (const { queues, atMs } of pages) {
    for (const [name, figures] of queues) {
      const before = merged.get(name);
      const depth = before && !hasDepth(figures) ? before : { figures, readAtMs: atMs };
      merged.set(
        name,
        before ? { ...depth, figures: withCounts(depth.figures, before.figures, figures) } : depth,
      );
    }
  }
  for (const [name, { figures }] of merged) if (!hasDepth(figures)) merged.delete(name);
  return merged;
}

function withCounts(depth: DetailedQueue, one: DetailedQueue, other: DetailedQueue): DetailedQueue {
  const figures = { ...depth };
  for (const fact of ['published', 'acked', 'redelivered'] as const) {
    const [first, second] = [one[fact], other[fact]];
    if (first !== undefined || second !== undefined) figures[fact] = (first ?? 0) + (second ?? 0);
  }
  return figures;
}
