/** Keeps the containers of the picture: one an identity, counters that outlive re-creation, the vanished gone at once. */

import { createSequenceRing, type SequenceRing } from '../lib/sequence-ring.js';
import { type Classify, isOutsideByLabel } from './classify.js';
import type { ClientContainer } from './client-index.js';
import { completeFacts } from './complete-facts.js';
import { addCounts, NO_COUNTS } from './container-counts.js';
import {
  describeContainer,
  endRequested,
  gpuByEngine,
  type KnownContainer,
  stageByWorker,
} from './describe-container.js';
import type { Discovery } from './discovery.js';
import { identityOf } from './identity.js';
import { createLedger, type RestartLedger } from './ledger.js';
import type { Container, ContainerCounters, IgnoredContainer, SeenEnd } from './model.js';
import type { ContainerEvent, InspectedFacts, Observation } from './observations.js';
import { noteEvent, settleByInspect, settleWithoutInspect } from './restart-ledger.js';
import type { ToldMemory } from './told-memory.js';

export interface ContainerRegistry {
  readonly containers: ReadonlyMap<string, Container>;
  readonly ignored: ReadonlyMap<string, IgnoredContainer>;
  readonly ends: SequenceRing<SeenEnd>;
  applyList(listed: ListedContainers): void;
  applyInspect(told: InspectedFacts, atMs: number): void;
  applyEvent(event: ContainerEvent): void;
  /** What the engine answers about the container cannot be read: it stays, and nobody knows how it is now. */
  applyUnreadable(id: string, problem: string): void;
  applyVanished(id: string): void;
  /** The worker has told another stage than its container bears. */
  restage(identity: string): void;
  /** The rules of who is what have changed: all are judged anew. */
  reclassify(classify: Classify): void;
  /** The broker's clients say something else of who is what. */
  rediscover(): void;
  /** Those that run, whether they are shown or not. */
  listClients(): readonly ClientContainer[];
}

type ListedContainers = Extract<Observation, { readonly kind: 'containers-listed' }>;

/** Identities remembered after they vanished, so that counters go on when they are created again. */
const MAX_RETIRED = 20_000;
/** Ledgers of containers that have had events but no inspect yet. */
const MAX_UNSEEN = 10_000;
/** Looked at every few seconds. */
const MAX_ENDS = 10_000;

export interface ContainerRegistryOptions {
  readonly classify: Classify;
  readonly toldStages: Pick<ToldMemory, 'get'>;
  readonly discovery: Pick<Discovery, 'roleOf'>;
}

export function createContainerRegistry(options: ContainerRegistryOptions): ContainerRegistry {
  const { toldStages, discovery } = options;
  let { classify } = options;
  const entries = new Map<string, KnownContainer>();
  const ledgers = new Map<string, RestartLedger>();
  const idsOf = new Map<string, Set<string>>();
  const retired = new Map<string, ContainerCounters>();
  const containers = new Map<string, Container>();
  const ignored = new Map<string, IgnoredContainer>();
  const ends = createSequenceRing<SeenEnd>(MAX_ENDS);

  function ledgerOf(id: string): RestartLedger {
    const known = ledgers.get(id);
    if (known) return known;
    const ledger = createLedger();
    ledgers.set(id, ledger);
    if (ledgers.size > entries.size + MAX_UNSEEN) forgetOldestUnseen();
    return ledger;
  }

  function forgetOldestUnseen(): void {
    for (const id of ledgers.keys()) {
      if (entries.has(id)) continue;
      ledgers.delete(id);
      return;
    }
  }

  function put(id: string, facts: KnownContainer['facts'], seenAtMs: number): void {
    const identity = identityOf(facts);
    const before = entries.get(id);
    if (before && before.identity !== identity) leaveIdentity(id, before.identity);
    entries.set(id, { facts, identity, seenAtMs });
    const ids = idsOf.get(identity);
    if (ids) ids.add(id);
    else idsOf.set(identity, new Set([id]));
    show(identity);
  }

  function leaveIdentity(id: string, identity: string): void {
    const ids = idsOf.get(identity);
    ids?.delete(id);
    if (ids?.size === 0) idsOf.delete(identity);
    show(identity);
  }

  /** Brings the picture of one identity up to date with its entries. */
  function show(identity: string): void {
    const ids = [...(idsOf.get(identity) ?? [])];
    const current = ids.map((id) => entries.get(id)).reduce(preferred, undefined);
    if (!current) {
      containers.delete(identity);
      return;
    }
    for (const id of ids) ignored.delete(id);
    const { facts } = current;
    const classification = classify(facts, 'engine', discovery.roleOf(facts));
    if (!classification) {
      containers.delete(identity);
      const isByLabel = isOutsideByLabel(facts.labels);
      const isEnded = facts.state === 'exited' || facts.state === 'dead';
      const { id, name } = facts;
      ignored.set(id, { id, name, ...(isByLabel && { isByLabel }), ...(isEnded && { isEnded }) });
      return;
    }
    const ledger = ledgerOf(facts.id);
    const others = ids.filter((id) => id !== facts.id).map((id) => ledgers.get(id)?.counters);
    const earlier = [retired.get(identity), ...others].filter((counts) => counts !== undefined);
    const counters = earlier.reduce(addCounts, ledger.counters);
    containers.set(identity, {
      ...classification,
      ...describeContainer(current),
      ...gpuByEngine(facts, classification),
      ...stageByWorker(classification, toldStages.get(identity)),
      ...(ledger.lastExitCode !== undefined && { lastExitCode: ledger.lastExitCode }),
      ...(ledger.lastEnd !== undefined && { lastEnd: ledger.lastEnd }),
      ...endRequested(facts, ledger),
      counters,
    });
  }

  function showAll(): void {
    for (const identity of idsOf.keys()) show(identity);
  }

  /** `before`: the last end that was known of the container until now. */
  function noteEnd(id: string, before: RestartLedger['lastEnd']): void {
    const end = ledgers.get(id)?.lastEnd;
    const identity = entries.get(id)?.identity;
    // More that was learnt of the same end is no second one.
    if (!end || end.atMs === before?.atMs || identity === undefined) return;
    // Ends of the pipeline alone: hundreds of others must not push them out.
    if ((containers.get(identity)?.role ?? 'other') === 'other') return;
    ends.push({ ...end, identity, id });
  }

  function vanish(id: string): void {
    const entry = entries.get(id);
    const ledger = ledgers.get(id);
    entries.delete(id);
    ledgers.delete(id);
    ignored.delete(id);
    if (!entry) return;
    if (ledger) {
      settleWithoutInspect(ledger);
      retire(entry.identity, ledger.counters);
    }
    leaveIdentity(id, entry.identity);
  }

  function retire(identity: string, counters: ContainerCounters): void {
    const sum = addCounts(retired.get(identity) ?? NO_COUNTS, counters);
    // Deleted first, so that the map's order is the order of retiring.
    retired.delete(identity);
    retired.set(identity, sum);
    const oldest = retired.keys().next();
    if (retired.size > MAX_RETIRED && !oldest.done) retired.delete(oldest.value);
  }

  return {
    containers,
    ignored,
    ends,
    applyList({ containers: listed, kept = [], askedAtMs, atMs }) {
      const present = new Set([...listed.map(({ id }) => id), ...kept]);
      for (const [id, { seenAtMs }] of [...entries]) {
        if (!present.has(id) && seenAtMs < askedAtMs) vanish(id);
      }
      for (const container of listed) {
        if (!entries.has(container.id)) put(container.id, container, atMs);
      }
    },
    applyInspect(told, atMs) {
      const facts = completeFacts(told, entries.get(told.id)?.facts);
      const ledger = ledgerOf(facts.id);
      const { lastEnd } = ledger;
      const isFirstSight = ledger.settled === undefined;
      settleByInspect(ledger, facts);
      put(facts.id, facts, atMs);
      // What the first sight of a container tells is no news.
      if (!isFirstSight) noteEnd(facts.id, lastEnd);
    },
    applyEvent(event) {
      const ledger = ledgerOf(event.id);
      const { lastEnd } = ledger;
      noteEvent(ledger, event);
      const entry = entries.get(event.id);
      if (entry) show(entry.identity);
      noteEnd(event.id, lastEnd);
    },
    applyUnreadable(id, problem) {
      const entry = entries.get(id);
      if (!entry || entry.problem === problem) return;
      entries.set(id, { ...entry, problem });
      show(entry.identity);
    },
    applyVanished: vanish,
    restage(identity) {
      const container = containers.get(identity);
      if (!container) return;
      const told = stageByWorker(container, toldStages.get(identity));
      if (told.stage !== undefined) containers.set(identity, { ...container, ...told });
    },
    reclassify(next) {
      classify = next;
      showAll();
    },
    rediscover: showAll,
    listClients: () =>
      [...entries.values()].flatMap(({ facts, identity }) =>
        facts.state === 'running' || facts.state === 'paused'
          ? { ...facts, identity, addresses: facts.addresses ?? [] }
          : [],
      ),
  };
}

/**
 * While a container is being re-created two bear its identity, and in Swarm the ended tasks of a slot do too: the
 * running one counts, else the newer.
 */
function preferred(
  one: KnownContainer | undefined,
  other: KnownContainer | undefined,
): KnownContainer | undefined {
  if (!one || !other) return one ?? other;
  if (rankOf(one) !== rankOf(other)) return rankOf(one) > rankOf(other) ? one : other;
  return one.facts.createdAtMs > other.facts.createdAtMs ? one : other;
}

function rankOf({ facts: { state } }: KnownContainer): number {
  if (state === 'created' || state === 'removing') return 0;
  return state === 'exited' || state === 'dead' ? 1 : 2;
}
