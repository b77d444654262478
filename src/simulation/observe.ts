/** Tells of the simulated world as the real sources do: at their intervals, what they would see, in their words. */

import type { SourceName } from '../fleet/model.js';
import type { Observation } from '../fleet/observations.js';
import type { Agenda } from './agenda.js';
import {
  describeContainer,
  listContainer,
  readBroker,
  readFile,
  readGpuProcesses,
  readGpus,
} from './describe-world.js';
import type { Outages } from './outages.js';
import type { ContainerChange, PipelineHooks, SimSentinel } from './pipeline-model.js';
import { cpuSecondsAt, type SimContainer, type World } from './world.js';

export interface Observer {
  readonly hooks: PipelineHooks;
  /** Sources begin: everything is told once, then what changes. */
  start(world: World): void;
}

export interface ObserverOptions {
  readonly agenda: Agenda;
  readonly outages: Outages;
  readonly apply: (observation: Observation) => void;
  /** Of the simulation's time; a second here is a minute there at a speed of 60. */
  readonly intervalsMs?: ObserverIntervals;
}

/** How often each source is read; `retry`: one that failed is tried again sooner. */
export type ObserverIntervals = Readonly<Record<SourceName | 'cpu' | 'retry', number>>;

const INTERVALS_MS: ObserverIntervals = {
  docker: 60_000,
  rabbitmq: 5000,
  progress: 2000,
  sentinels: 1000,
  dcgm: 10_000,
  gpu_processes: 15_000,
  cpu: 10_000,
  retry: 5000,
};
/** A second, of a remote call that answers slowly. */
const CALL_BYTES = 10_000;
const EVENTS: Readonly<Record<ContainerChange, 'create' | 'start' | 'die' | 'oom' | 'stop' | undefined>> = {
  create: 'create',
  start: 'start',
  die: 'die',
  oom: 'oom',
  stop: 'stop',
  destroy: undefined,
};

export function createObserver(options: ObserverOptions): Observer {
  const { agenda, outages, apply, intervalsMs = INTERVALS_MS } = options;
  let world: World | undefined;
  const changedFiles = new Set<string>();
  const counts = new Map<string, { successes: number; failures: number }>();
  const changedCounts = new Set<string>();
  const unseen: { readonly sentinel: SimSentinel; readonly atMs: number }[] = [];

  function every(source: SourceName, read: (w: World) => void): void {
    const tick = (): void => {
      const isUp = outages.isUp(source);
      const atMs = agenda.nowMs;
      if (!isUp) {
        apply({
          kind: 'source-failed',
          source,
          atMs,
          reason: 'unreachable',
          problem: `${source} cannot be reached`,
        });
      } else if (world) {
        read(world);
        apply({ kind: 'source-read', source, atMs, durationMs: 5 });
      }
      agenda.after(isUp ? intervalsMs[source] : intervalsMs.retry, tick);
    };
    apply({ kind: 'source-watched', source, target: `simulated ${source}` });
    agenda.after(0, tick);
  }

  function inspect(container: SimContainer): void {
    apply({ kind: 'container-inspected', atMs: agenda.nowMs, facts: describeContainer(container) });
  }

  /** By id of the container. */
  const receivedBytes = new Map<string, number>();

  function readIo({ workers }: World): void {
    const readings = [...workers.values()].flatMap(({ container: { id }, job }) => {
      if (!job) return [];
      const isReceiving = (job.receivesUntilMs ?? 0) > agenda.nowMs;
      const inBytes =
        (receivedBytes.get(id) ?? 0) + (isReceiving ? (CALL_BYTES * intervalsMs.cpu) / 1000 : 0);
      receivedBytes.set(id, inBytes);
      return { id, inBytes, outBytes: 0 };
    });
    apply({ kind: 'io-read', atMs: agenda.nowMs, readings });
  }

  let wasEngineUp = false;
  /** After an outage everything is inspected, else what events named was already. */
  function listAll({ containers }: World): void {
    const atMs = agenda.nowMs;
    const all = [...containers.values()];
    apply({ kind: 'containers-listed', askedAtMs: atMs, atMs, containers: all.map(listContainer) });
    if (!wasEngineUp) for (const container of all) inspect(container);
    wasEngineUp = true;
  }

  function readCpu(): void {
    if (world && outages.isUp('docker')) {
      const readings = [...world.containers.values()].flatMap((container) =>
        container.state === 'running'
          ? { id: container.id, usedSeconds: cpuSecondsAt(container, agenda.nowMs) }
          : [],
      );
      apply({ kind: 'cpu-read', atMs: agenda.nowMs, readings });
      readIo(world);
    } else {
      wasEngineUp = false;
    }
    agenda.after(intervalsMs.cpu, readCpu);
  }

  function sweep({ files }: World): void {
    const changed = [...changedFiles].flatMap((name) => {
      const file = files.get(name);
      return file ? readFile(name, file) : [];
    });
    const removed = [...changedFiles].filter((name) => !files.has(name));
    changedFiles.clear();
    apply({ kind: 'progress-swept', atMs: agenda.nowMs, isComplete: false, changed, removed, skipped: 0 });
  }

  function lookForSentinels(): void {
    for (const { sentinel, atMs } of unseen) seeSentinel(sentinel, atMs);
    unseen.length = 0;
    const told = [...changedCounts].map((stage) => ({
      stage,
      successes: 0,
      failures: 0,
      ...counts.get(stage),
    }));
    changedCounts.clear();
    if (told.length > 0) apply({ kind: 'sentinels-counted', counts: told });
  }

  function seeSentinel({ stage, document, outcome, worker, error }: SimSentinel, atMs: number): void {
    const count = counts.get(stage) ?? { successes: 0, failures: 0 };
    if (outcome === 'success') count.successes++;
    else count.failures++;
    counts.set(stage, count);
    changedCounts.add(stage);
    const failure = error === undefined ? {} : { reason: 'cuda', error };
    apply({
      kind: 'sentinel-seen',
      sentinel: { outcome, stage, document, worker, atMs, ...failure },
      delayMs: agenda.nowMs - atMs,
    });
    if (error === undefined) return;
    const path = `${document}/${stage}/sentinel.json.failed`;
    const times = { writtenAtMs: atMs, firstSeenAtMs: agenda.nowMs };
    apply({
      kind: 'failure-present',
      failure: { path, stage, document, worker, reason: 'cuda', error, ...times },
    });
  }

  return {
    hooks: {
      containerChanged(container, change) {
        if (!world || !outages.isUp('docker')) return;
        if (change === 'destroy') {
          apply({ kind: 'container-vanished', id: container.id });
          return;
        }
        const action = EVENTS[change];
        const { id, exitCode } = container;
        const atMs = agenda.nowMs;
        if (action) {
          apply({
            kind: 'container-event',
            event: { id, action, atMs, ...(action === 'die' && { exitCode }) },
          });
        }
        if (change === 'start' || change === 'die' || change === 'create') inspect(container);
      },
      fileChanged(name) {
        changedFiles.add(name);
      },
      sentinelWritten(sentinel) {
        unseen.push({ sentinel, atMs: agenda.nowMs });
      },
    },
    start(watched) {
      world = watched;
      // What was written before is there, and is no news.
      unseen.length = 0;
      const stages = watched.profile.stages.map(({ id }) => id);
      apply({ kind: 'sentinels-watched', reasons: ['cuda', 'other'], stages });
      apply({
        kind: 'sentinels-counted',
        counts: stages.map((stage) => ({ stage, successes: 0, failures: 0 })),
      });
      every('docker', listAll);
      every('rabbitmq', (w) => apply(readBroker(w, agenda.nowMs)));
      every('progress', sweep);
      every('sentinels', lookForSentinels);
      every('dcgm', (w) => apply(readGpus(w, agenda.nowMs)));
      every('gpu_processes', (w) => apply(readGpuProcesses(w, agenda.nowMs)));
      agenda.after(0, readCpu);
    },
  };
}
