/** One connection to an engine: follows events, inspects what they name, lists everything now and then as the truth. */

import type { DockerConfig } from '../../config/docker-section.js';
import type { LogsConfig } from '../../config/logs-section.js';
import { dumpSignalOf } from '../../fleet/dump-label.js';
import type { InspectedFacts, ListedContainer } from '../../fleet/observations.js';
import type { Timer } from '../../lib/clock.js';
import { describeError } from '../../lib/describe-error.js';
import type { HealthReporter } from '../health-reporter.js';
import type { SourceContext } from '../source.js';
import { failureReason } from '../source-error.js';
import { type CgroupHints, parseCgroupHints } from './cgroup-layout.js';
import type { CpuReader } from './cpu-reader.js';
import { connectDocker, type DockerClient } from './docker-client.js';
import type { EngineAddress } from './engine-address.js';
import type { EngineClock } from './engine-clock.js';
import type { EventMemory } from './event-memory.js';
import { openEventStream } from './event-stream.js';
import { createInspectQueue } from './inspect-queue.js';
import { isOnHostNetwork, parseAddresses, parseNetworkOf } from './parse-addresses.js';
import { asOfPodman, parseContainerList, parseInspected } from './parse-container.js';
import type { EngineEvent } from './parse-event.js';

export interface DockerSession {
  close(): void;
}

export interface DockerSourceOptions {
  readonly address: EngineAddress;
  /** Where signals go to that containers allow by a label; absent: none is sent. */
  readonly restarter?: EngineAddress;
  readonly config: Pick<
    DockerConfig,
    'request_timeout' | 'relist_interval' | 'inspect_concurrency' | 'cpu_interval' | 'cgroup_root'
  >;
  /** What is searched for in logs; absent: nothing. */
  readonly logs?: LogsConfig;
}

export interface DockerSessionOptions extends DockerSourceOptions, SourceContext {
  /** Outlives the session, so that the next one repeats nothing. */
  readonly memory: EventMemory;
  readonly engineClock: EngineClock;
  readonly reporter: HealthReporter;
  readonly cpu: CpuReader;
  /** Aborts when the source stops: calls under way end at once. */
  readonly stopped: AbortSignal;
  /** Everything has been listed and inspected once. */
  readonly onFirstPicture: () => void;
  /** Called at most once, and not after `close`. */
  readonly onEnd: (error: unknown) => void;
}

/** A list of 10,000 containers is about 9 MB, an inspect about 5 kB. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
const MAX_INSPECT_BYTES = 4 * 1024 * 1024;
/** A crash loop sends events faster than anybody looks; the last inspect comes within this time of the last event. */
const MIN_INSPECT_GAP_MS = 500;
const INSPECT_RETRY_MS = 5000;
/** So many calls in a row without an answer, and the engine counts as gone. */
const MAX_UNANSWERED = 3;
/** Lost or broken event lines cause one listing, however many they are. */
const RELIST_AFTER_LOSS_MS = 1000;
/** At each list one in this many is inspected although nothing told of a change: no error lasts for ever. */
const AUDIT_FRACTION = 10;
const MAX_DESTROYED = 10_000;

interface KnownContainer extends ListedContainer {
  readonly cgroup: CgroupHints;
  readonly addresses: readonly string[];
  readonly isOnHostNetwork: boolean;
}

/** Rejects when the engine cannot be reached or followed; later failures go to `onEnd`. */
export async function openDockerSession(options: DockerSessionOptions): Promise<DockerSession> {
  const { address, config, clock, apply, log, memory, engineClock, reporter } = options;
  const openedMs = clock.monotonicMs();
  const client = await connectDocker({
    address,
    clock,
    engineClock,
    timeLimitMs: config.request_timeout,
    maxConnections: config.inspect_concurrency + 1,
    signal: options.stopped,
  });
  /** As the engine last told of them; what a list says is compared with this. */
  const known = new Map<string, KnownContainer>();
  /** Ids are never used again, so an answer under way when the end came cannot bring one back. */
  const destroyed = new Set<string>();
  let isClosed = false;
  let unanswered = 0;
  let listCount = 0;
  let relist: Timer | undefined;
  let stopCpu = (): void => undefined;

  const queue = createInspectQueue({
    clock,
    concurrency: config.inspect_concurrency,
    minGapMs: MIN_INSPECT_GAP_MS,
    inspect: inspectOne,
  });

  async function inspectOne(id: string): Promise<void> {
    try {
      const inspected = await inspectContainer(client, id);
      unanswered = 0;
      if (isClosed || destroyed.has(id)) return;
      if (inspected === undefined) {
        vanish(id);
        return;
      }
      const { facts: _told, ...hints } = inspected;
      const facts = engineClock.dateFacts(inspected.facts);
      known.set(id, { ...facts, ...hints });
      apply({ kind: 'container-inspected', atMs: clock.nowMs(), facts });
    } catch (error) {
      if (!isClosed) inspectFailed(id, error);
    }
  }

  function inspectFailed(id: string, error: unknown): void {
    const reason = failureReason(error);
    unanswered = reason === 'rejected' || reason === 'protocol' ? 0 : unanswered + 1;
    if (unanswered >= MAX_UNANSWERED) {
      end(error);
      return;
    }
    reporter.failedInPart(error);
    if (reason === 'protocol') apply({ kind: 'container-unreadable', id, problem: describeError(error) });
    clock.after(INSPECT_RETRY_MS, () => queue.request(id));
  }

  function vanish(id: string): void {
    known.delete(id);
    engineClock.forget(id);
    destroyed.add(id);
    if (destroyed.size > MAX_DESTROYED) destroyed.delete(destroyed.values().next().value ?? '');
    apply({ kind: 'container-vanished', id });
  }

  function takeEvent({ containerId: id, kind, atMs, exitCode, signal, health, ...event }: EngineEvent): void {
    if (kind === 'destroyed') {
      vanish(id);
      return;
    }
    if (health !== undefined && known.get(id)?.health === health) return;
    const action = kind === 'restarted' && client.isPodman ? 'restart' : event.action;
    if (action) {
      const counted = {
        id,
        action,
        atMs: engineClock.toOurs(atMs),
        ...(exitCode !== undefined && { exitCode }),
        ...(signal !== undefined && { signal }),
      };
      apply({ kind: 'container-event', event: counted });
    }
    queue.request(id);
  }

  /** Lists all and inspects what is new or changed; with `isComplete` everything. */
  async function reconcile(startedMs: number, isComplete: boolean): Promise<void> {
    const askedAtMs = clock.nowMs();
    const answer = await client.getJson({ path: '/containers/json', query: { all: 1 } }, MAX_LIST_BYTES);
    if (isClosed) return;
    const { containers, problems, unreadableIds, isComplete: isWhole } = parseContainerList(answer);
    for (const problem of problems) reporter.failedInPart(problem);
    const present = containers.filter(({ id }) => !destroyed.has(id)).map(engineClock.dateListed);
    // What the list has and cannot be read is there: its inspect tells how it is, or that nobody can know.
    const ids = new Set(present.map(({ id }) => id));
    const kept = (isWhole ? unreadableIds : [...known.keys()]).filter(
      (id) => !ids.has(id) && !destroyed.has(id),
    );
    const listed = { askedAtMs, atMs: clock.nowMs(), containers: present, kept };
    apply({ kind: 'containers-listed', ...listed });
    for (const id of kept) {
      ids.add(id);
      queue.request(id);
    }
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    listCount++;
    present.forEach((container, index) => {
      const isAudited = index % AUDIT_FRACTION === listCount % AUDIT_FRACTION;
      if (isComplete || isAudited || hasChanged(known.get(container.id), container))
        queue.request(container.id);
    });
    await queue.whenIdle();
    if (isClosed) return;
    reporter.succeeded(clock.monotonicMs() - startedMs);
  }

  function relistAfter(delayMs: number, isComplete: boolean): void {
    relist?.cancel();
    if (isClosed) return;
    relist = clock.after(delayMs, () => {
      reconcile(clock.monotonicMs(), isComplete).then(() => relistAfter(config.relist_interval, false), end);
    });
  }

  function close(): void {
    isClosed = true;
    relist?.cancel();
    stopCpu();
    queue.stop();
    stream.close();
    client.close();
  }

  function end(error: unknown): void {
    if (isClosed) return;
    close();
    options.onEnd(error);
  }

  let isLossNoted = false;
  function noteLoss(error: Error): void {
    reporter.failedInPart(error);
    if (isLossNoted || isClosed) return;
    isLossNoted = true;
    clock.after(RELIST_AFTER_LOSS_MS, () => {
      isLossNoted = false;
      if (!isClosed) relistAfter(0, true);
    });
  }

  // Subscribed before the list is asked for, so that nothing falls in between.
  const stream = await openEventStream({
    client,
    clock,
    engineClock,
    memory,
    onEvent: takeEvent,
    onBadLine: noteLoss,
    onEnd: end,
  }).catch((error: unknown) => {
    client.close();
    throw error;
  });
  log.debug({ api: client.apiVersion }, 'connected to the engine');
  reconcile(openedMs, true).then(() => {
    if (isClosed) return;
    options.onFirstPicture();
    stopCpu = options.cpu.follow({
      client,
      running: () => [...known.values()].filter(hasProcesses),
      dumpSignalOf: (id) => dumpSignalOf(known.get(id)?.labels ?? {}),
      nameOf: (address) => [...known.values()].find(({ addresses }) => addresses.includes(address))?.name,
    });
    relistAfter(config.relist_interval, false);
  }, end);
  return { close };
}

interface Inspected {
  readonly facts: InspectedFacts;
  readonly cgroup: CgroupHints;
  readonly addresses: readonly string[];
  readonly isOnHostNetwork: boolean;
}

async function inspectContainer(client: DockerClient, id: string): Promise<Inspected | undefined> {
  const answer = await client.getJson(
    { path: `/containers/${encodeURIComponent(id)}/json` },
    MAX_INSPECT_BYTES,
  );
  if (answer === undefined) return undefined;
  const parsed = parseInspected(answer);
  const addresses = parseAddresses(answer);
  const networkOf = parseNetworkOf(answer);
  const facts = { ...parsed, addresses, ...(networkOf !== undefined && { networkOf }) };
  return {
    facts: client.isPodman ? asOfPodman(facts) : facts,
    cgroup: parseCgroupHints(answer),
    addresses,
    isOnHostNetwork: isOnHostNetwork(answer),
  };
}

function hasProcesses({ state }: ListedContainer): boolean {
  return state === 'running' || state === 'paused';
}

function hasChanged(before: ListedContainer | undefined, now: ListedContainer): boolean {
  return (
    before === undefined ||
    before.state !== now.state ||
    // Podman's list does not tell it.
    (now.health !== undefined && before.health !== now.health) ||
    before.name !== now.name
  );
}
