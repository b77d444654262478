/** Folds the broker's channels, reading by reading, into what each container holds, and into the messages that it acked. */

import { isSameData } from '../lib/same-data.js';
import type { ClientContainer, ClientIndex } from './client-index.js';
import type { ChannelConsumer, ChannelReading, ClientsReading } from './client-model.js';
import type { BrokerHold, HeldMessages, HoldEnd, HoldReading, LostHold } from './hold-model.js';

export interface HoldRegistry {
  /** By identity of the container. */
  readonly holds: ReadonlyMap<string, BrokerHold>;
  apply(clients: ClientsReading, scene: HoldScene): HoldNews;
  /** The broker is watched no longer; acks go on if it is again. */
  clear(): HoldNews;
}

export interface HoldScene {
  readonly index: ClientIndex;
  readonly containers: readonly ClientContainer[];
  readonly isWorkQueue: (queue: string) => boolean;
}

export interface HoldNews {
  /** Identities whose hold has changed, came or went. */
  readonly changed: readonly string[];
  readonly ended: readonly HoldEnd[];
}

/** Acks are remembered of so many containers that are gone. */
const MAX_KEPT_ACKS = 20_000;
/** Celery and what else is built on it. */
const EARLY_ACK_PRODUCT = /^py-amqp$/i;

interface KnownChannel {
  readonly identity: string;
  readonly acked: number;
  readonly heldSinceMs?: number;
  /** It was seen to begin to hold. */
  readonly isSinceSeen?: boolean;
}

interface Draft {
  reading: HoldReading;
  readonly unacked: Map<string, number>;
  total: number;
  sinceMs: number | undefined;
  acked: number;
}

export function createHoldRegistry(): HoldRegistry {
  const holds = new Map<string, BrokerHold>();
  /** By identity; outlives the hold. */
  const acks = new Map<string, number>();
  let channels: ReadonlyMap<string, KnownChannel> = new Map();
  let isFirst = true;

  function keepAcks(identity: string, rise: number): number {
    const sum = (acks.get(identity) ?? 0) + rise;
    // Deleted first, so that the map's order is the order of acking.
    if (rise > 0) acks.delete(identity);
    acks.set(identity, sum);
    for (const oldest of acks.keys()) {
      if (acks.size <= MAX_KEPT_ACKS) break;
      acks.delete(oldest);
    }
    return sum;
  }

  /** True when it changed. */
  function put(identity: string, draft: Draft | undefined, readAtMs: number): boolean {
    const before = holds.get(identity);
    const rise = draft?.acked ?? 0;
    const ackedAtMs = rise > 0 ? readAtMs : before?.ackedAtMs;
    const lost = draft ? undefined : lostOf(before, readAtMs);
    const hold: BrokerHold = {
      reading: draft?.reading ?? before?.reading ?? 'several',
      isConnected: draft !== undefined,
      unacked: [...(draft?.unacked ?? [])].map(([queue, count]): HeldMessages => ({ queue, count })),
      total: draft?.total ?? 0,
      ...(draft?.sinceMs !== undefined && { sinceMs: draft.sinceMs }),
      ...(lost && { lost }),
      acks: keepAcks(identity, rise),
      ...(ackedAtMs !== undefined && { ackedAtMs }),
    };
    if (isSameData(before, hold)) return false;
    holds.set(identity, hold);
    return true;
  }

  return {
    holds,
    apply({ channels: read, readAtMs, isComplete }, { index, containers, isWorkQueue }) {
      const now = new Map<string, KnownChannel>();
      const drafts = new Map<string, Draft>();
      const ended: HoldEnd[] = [];
      for (const channel of read) {
        const share = shareOf(
          channel,
          { index, isWorkQueue },
          { known: channels.get(channel.name), readAtMs, isFirst },
        );
        if (!share) continue;
        const { identity, before } = share;
        now.set(channel.name, { identity, ...share.known });
        if (before) noteEnd(ended, before, share, readAtMs);
        addTo(drafts, share);
      }
      // One that is not on the pages that were read may be there.
      if (!isComplete) for (const [name, known] of channels) if (!now.has(name)) now.set(name, known);
      channels = now;
      isFirst = false;
      return { changed: settle(drafts, containers, readAtMs), ended };
    },
    clear() {
      const changed = [...holds.keys()];
      holds.clear();
      channels = new Map();
      isFirst = true;
      return { changed, ended: [] };
    },
  };

  /** Of a container that is there, and had a consumer, the lack of one is told. */
  function settle(
    drafts: ReadonlyMap<string, Draft>,
    containers: readonly ClientContainer[],
    readAtMs: number,
  ): readonly string[] {
    const present = new Set(containers.map(({ identity }) => identity));
    const changed: string[] = [];
    for (const identity of [...holds.keys()]) {
      if (drafts.has(identity)) continue;
      if (!present.has(identity)) {
        holds.delete(identity);
        changed.push(identity);
      } else if (put(identity, undefined, readAtMs)) changed.push(identity);
    }
    for (const [identity, draft] of drafts) if (put(identity, draft, readAtMs)) changed.push(identity);
    return changed;
  }
}

function lostOf(before: BrokerHold | undefined, atMs: number): LostHold | undefined {
  if (before?.sinceMs === undefined) return before?.lost;
  return { sinceMs: before.sinceMs, atMs, reading: before.reading };
}

/** What one channel says of its container's hold. */
interface Share {
  readonly identity: string;
  readonly reading: HoldReading;
  readonly consumers: readonly ChannelConsumer[];
  /** As it was at the reading before; absent where it is new, or another container's. */
  readonly before?: KnownChannel;
  readonly known: Omit<KnownChannel, 'identity'>;
  readonly unacked: number;
  /** Acks since the reading before. */
  readonly rise: number;
}

interface ChannelPast {
  readonly known: KnownChannel | undefined;
  readonly readAtMs: number;
  /** Nothing was read before: what began earlier is not known. */
  readonly isFirst: boolean;
}

/** Undefined: it consumes no work queue with acks, or runs in no container that is known. */
function shareOf(
  channel: ChannelReading,
  { index, isWorkQueue }: Pick<HoldScene, 'index' | 'isWorkQueue'>,
  { known, readAtMs, isFirst }: ChannelPast,
): Share | undefined {
  const consumers = channel.consumes.filter((one) => one.isAckRequired && isWorkQueue(one.queue));
  const identity = consumers.length === 0 ? undefined : index.find(channel)?.identity;
  if (identity === undefined) return undefined;
  const before = known?.identity === identity ? known : undefined;
  const { unacked = 0 } = channel;
  // A figure that an answer leaves out, or that falls, was not read.
  const acked = Math.max(channel.acked ?? 0, before?.acked ?? 0);
  // What was acked before the daemon's start is not counted; a channel that is new since has begun at 0.
  const rise = before ? acked - before.acked : isFirst ? 0 : acked;
  const isSame = unacked > 0 && rise === 0 ? before?.heldSinceMs : undefined;
  return {
    identity,
    reading: readingOf(channel, consumers),
    consumers,
    ...(before && { before }),
    known: {
      acked,
      ...(unacked > 0 && {
        heldSinceMs: isSame ?? readAtMs,
        isSinceSeen: isSame === undefined ? !isFirst : before?.isSinceSeen === true,
      }),
    },
    unacked,
    rise,
  };
}

function noteEnd(
  ended: HoldEnd[],
  before: KnownChannel,
  { identity, known, rise, reading }: Share,
  readAtMs: number,
): void {
  const isOver = before.heldSinceMs !== undefined && known.heldSinceMs !== before.heldSinceMs;
  if (rise === 0 && !(isOver && reading === 'job')) return;
  const startedAtMs = reading === 'job' && isOver ? before.heldSinceMs : undefined;
  const isMeasured = startedAtMs !== undefined && rise === 1 && before.isSinceSeen === true;
  ended.push({
    identity,
    endedAtMs: readAtMs,
    acked: rise,
    ...(startedAtMs !== undefined && { startedAtMs }),
    ...(isMeasured && { durationMs: readAtMs - startedAtMs }),
  });
}

function readingOf(
  { product, globalPrefetch }: ChannelReading,
  consumers: readonly ChannelConsumer[],
): HoldReading {
  if (product !== undefined && EARLY_ACK_PRODUCT.test(product)) return 'reserved';
  const [only, ...others] = consumers;
  const isOne = globalPrefetch === 1 || (only?.prefetch === 1 && others.length === 0);
  return isOne ? 'job' : 'several';
}

function addTo(
  drafts: Map<string, Draft>,
  { identity, consumers, reading, known, unacked, rise }: Share,
): void {
  const draft = drafts.get(identity) ?? {
    ...{ reading, unacked: new Map<string, number>(), total: 0, sinceMs: undefined, acked: 0 },
  };
  drafts.set(identity, draft);
  // Two channels that hold one each are two messages in hand.
  if (draft.reading !== reading || (draft.total > 0 && unacked > 0)) {
    draft.reading = draft.reading === 'reserved' || reading === 'reserved' ? 'reserved' : 'several';
  }
  const queues = new Set(consumers.map(({ queue }) => queue));
  const [queue = ''] = queues.size === 1 ? queues : [];
  draft.unacked.set(queue, (draft.unacked.get(queue) ?? 0) + unacked);
  draft.total += unacked;
  draft.acked += rise;
  const { heldSinceMs } = known;
  if (heldSinceMs !== undefined) draft.sinceMs = Math.min(draft.sinceMs ?? heldSinceMs, heldSinceMs);
}
