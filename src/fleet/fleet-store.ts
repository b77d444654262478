/**
 * The one writer of the picture: every observation of every source goes through `apply`.
 *
 * Long, because it names every observation once; what each means is decided in the registries.
 */

import type { Classify } from './classify.js';
import { type ClientContainer, createClientIndex } from './client-index.js';
import { createContainerRegistry } from './container-registry.js';
import { createCpuRegistry } from './cpu-registry.js';
import { createDiscovery } from './discovery.js';
import { createGpuLinkMemory } from './gpu-link-memory.js';
import { createGpuProcessRegistry } from './gpu-process-registry.js';
import { createGpuRegistry } from './gpu-registry.js';
import { createHoldRegistry } from './hold-registry.js';
import { createIoRegistry } from './io-registry.js';
import { createLogRegistry } from './log-registry.js';
import type { Fleet, SourceHealth, SourceName } from './model.js';
import type { Observation } from './observations.js';
import type { OwnedPorts } from './port-model.js';
import { createProcessRegistry } from './process-registry.js';
import { createProgressRegistry } from './progress-registry.js';
import { queueKey } from './queue-model.js';
import type { BrokerRead } from './queue-observations.js';
import { createQueueRegistry } from './queue-registry.js';
import type { SeenSentinel } from './sentinel-observations.js';
import { createSentinelRegistry } from './sentinel-registry.js';
import { createSocketRegistry } from './socket-registry.js';
import { applySourceReport, unreadSource } from './source-health.js';
import type { Stage } from './stage-model.js';
import { createToldMemory } from './told-memory.js';
import { createToldQueues } from './told-queues.js';

export interface FleetStore {
  /** A live view: read it synchronously, or copy what must stay the same over an await. */
  readonly fleet: Fleet;
  apply(observation: Observation): void;
  /** The configuration has changed: who is what is judged anew. */
  reclassify(classify: Classify): void;
  /** A source that is watched no longer. */
  forgetSource(source: SourceName): void;
  readonly roles: DiscoveredRoles;
}

/** Who is who by the broker's clients, for what keeps it over a restart of the daemon. */
export interface DiscoveredRoles {
  /** Rises when one changes. */
  readonly changes: number;
  restore(stored: unknown): void;
  save(): unknown;
}

export function createFleetStore(classify: Classify): FleetStore {
  const sources = new Map<SourceName, SourceHealth>();
  /** Of sources that are watched no longer, for when they are again. */
  const failuresBefore = new Map<SourceName, SourceHealth['failures']>();
  const toldStages = createToldMemory();
  const discovery = createDiscovery();
  /** By id of the container. */
  const portPairs = new Map<string, OwnedPorts['pairs']>();
  let roleChanges = 0;
  const registry = createContainerRegistry({ classify, toldStages, discovery });
  const { containers, ignored } = registry;
  const cpu = createCpuRegistry({ containers });
  const io = createIoRegistry({ containers });
  const sockets = createSocketRegistry(containers);
  const processes = createProcessRegistry(containers);
  const logs = createLogRegistry(containers);
  const gpuRegistry = createGpuRegistry();
  const gpuLinks = createGpuLinkMemory({ containers, gpus: gpuRegistry.gpus });
  const gpuProcesses = createGpuProcessRegistry({
    containers,
    ignored,
    gpus: gpuRegistry.gpus,
    isEngineRead: () => sources.get('docker')?.isUp === true,
  });
  const stages = new Map<string, Stage>();
  const toldQueues = createToldQueues();
  const queueRegistry = createQueueRegistry();
  const sentinels = createSentinelRegistry();
  const holdRegistry = createHoldRegistry();
  const progress = createProgressRegistry({
    classify,
    holds: holdRegistry.holds,
    containers,
    ignored,
    toldStages,
    onStageTold(identity) {
      registry.restage(identity);
      forgetGpuUsers();
    },
    areOutcomesExpected: () => sources.has('sentinels'),
    knownStages: () => [...stages.keys(), ...sentinels.sentinels.stages.keys()],
  });
  const fleet: Fleet = {
    sources,
    get containers() {
      // A worker's file may tell the stage of a container that has just come.
      progress.refresh();
      return containers;
    },
    ignored,
    ends: registry.ends,
    cpu: cpu.activity,
    io: io.activity,
    sockets: sockets.sockets,
    processes: processes.processes,
    stacks: processes.stacks,
    get logErrors() {
      return logs.counts();
    },
    logTroubles: logs.troubles,
    gpus: gpuRegistry.gpus,
    lostGpus: gpuRegistry.lost,
    get gpuLinks() {
      progress.refresh();
      return gpuLinks.links();
    },
    get gpuHoldings() {
      progress.refresh();
      return gpuProcesses.holdings();
    },
    get gpuOrphans() {
      return gpuProcesses.orphans();
    },
    queues: queueRegistry.queues,
    get broker() {
      return queueRegistry.broker();
    },
    stages,
    get workers() {
      return progress.workers;
    },
    get orchestrators() {
      return progress.orchestrators;
    },
    get stageWork() {
      return progress.stageWork;
    },
    get progressFileCounts() {
      return progress.progressFileCounts;
    },
    get ignoredProgressMessages() {
      const isAny = progress.ignoredProgressMessages.last.size > 0;
      return isAny || sources.has('rabbitmq') ? progress.ignoredProgressMessages : undefined;
    },
    holds: holdRegistry.holds,
    endedJobs: progress.endedJobs,
    progressGaps: progress.progressGaps,
    ignoredProgressFiles: progress.ignoredProgressFiles,
    sentinels: sentinels.sentinels,
  };

  /** Who may use which GPU, and who holds memory of it, is worked out when asked for. */
  function forgetGpuUsers(): void {
    gpuLinks.invalidate();
    gpuProcesses.invalidate();
  }

  function containersChanged(): void {
    forgetGpuUsers();
    progress.containersChanged();
  }

  function rolesChanged(): void {
    roleChanges++;
    registry.rediscover();
    containersChanged();
  }

  function notePorts(readings: readonly OwnedPorts[]): void {
    for (const { id, pairs } of readings) portPairs.set(id, pairs);
  }

  /** Ports of containers that do not run any more are forgotten. */
  function withPorts(clients: readonly ClientContainer[]): readonly ClientContainer[] {
    const ids = new Set(clients.map(({ id }) => id));
    for (const id of portPairs.keys()) if (!ids.has(id)) portPairs.delete(id);
    return clients.map((client) => {
      const pairs = portPairs.get(client.id);
      return pairs ? { ...client, portPairs: pairs } : client;
    });
  }

  function discover({ readings, vhost }: BrokerRead): void {
    const clients = readings.find((reading) => reading.clients)?.clients;
    if (!clients) return;
    const found = withPorts(registry.listClients());
    const index = createClientIndex(found);
    const kindOf = (name: string) => queueRegistry.queues.get(queueKey(vhost, name))?.kind;
    const hasChanged = discovery.apply(clients, {
      containers: found,
      index,
      kindOf,
      stageOf: (name) => [...stages.values()].find(({ queue }) => queue === name)?.id,
    });
    if (hasChanged) rolesChanged();
    const isWorkQueue = (name: string): boolean => kindOf(name) === 'work';
    progress.applyHolds(holdRegistry.apply(clients, { index, containers: found, isWorkQueue }));
  }

  /** A sentinel tells how the job on its document ended. */
  function noteOutcome({ stage, document, outcome, atMs }: SeenSentinel): void {
    const told = outcome === 'success' ? 'succeeded' : 'failed';
    const what = { stage, ...(document !== undefined && { document }) };
    progress.apply({ kind: 'job-outcome', ...what, outcome: told, atMs });
  }

  function healthOf(source: SourceName): SourceHealth {
    return sources.get(source) ?? unreadSource(source, failuresBefore.get(source));
  }

  function apply(observation: Observation): void {
    switch (observation.kind) {
      case 'source-watched':
      case 'source-read':
      case 'source-failed':
      case 'source-warned':
        sources.set(observation.source, applySourceReport(healthOf(observation.source), observation));
        if (observation.kind === 'source-failed' && observation.source === 'progress') progress.filesUnseen();
        break;
      case 'containers-listed':
        registry.applyList(observation);
        break;
      case 'container-inspected':
        registry.applyInspect(observation.facts, observation.atMs);
        break;
      case 'container-event':
        registry.applyEvent(observation.event);
        break;
      case 'container-unreadable':
        registry.applyUnreadable(observation.id, observation.problem);
        break;
      case 'container-vanished':
        registry.applyVanished(observation.id);
        break;
      case 'sentinels-watched':
      case 'sentinels-counted':
      case 'sentinel-seen':
      case 'failure-present':
      case 'failure-gone':
      case 'sentinel-disk-read':
        sentinels.apply(observation);
        if (observation.kind === 'sentinel-seen') noteOutcome(observation.sentinel);
        break;
      case 'ports-read':
        notePorts(observation.readings);
        break;
      case 'sockets-read':
        sockets.applyRead(observation);
        break;
      case 'processes-read':
        processes.applyRead(observation);
        break;
      case 'stacks-read':
        processes.applyStacks(observation);
        break;
      case 'logs-watched':
      case 'logs-read':
        logs.apply(observation);
        break;
      case 'cpu-read':
        cpu.applyRead(observation);
        break;
      case 'io-read':
        io.applyRead(observation);
        break;
      case 'gpus-read':
        if (gpuRegistry.applyRead(observation)) forgetGpuUsers();
        break;
      case 'gpu-processes-read':
        gpuProcesses.applyRead(observation);
        break;
      case 'broker-read':
        queueRegistry.relabel(
          toldQueues.choose(stages.values(), progress.workers.values(), observation.atMs),
        );
        queueRegistry.applyRead(observation);
        discover(observation);
        break;
      case 'queues-served':
        queueRegistry.applyServed(observation);
        break;
      case 'stages-configured':
        stages.clear();
        for (const stage of observation.stages) stages.set(stage.id, stage);
        // What workers tell is added at the next read of the broker.
        queueRegistry.relabel(observation.stages);
        break;
      case 'progress-swept':
      case 'progress-message':
      case 'job-outcome':
        progress.apply(observation);
        break;
    }
    if (observation.kind.startsWith('container')) containersChanged();
    if (observation.kind === 'source-read' || observation.kind === 'source-failed') {
      progress.timePassed(observation.atMs);
    }
  }

  function reclassify(next: Classify): void {
    registry.reclassify(next);
    progress.reclassify(next);
    forgetGpuUsers();
  }

  /** What each had told; a source that is missing here does not compile. */
  const forgetTold: Readonly<Record<SourceName, () => void>> = {
    // The first whole list of another engine tells who is gone.
    docker: () => undefined,
    rabbitmq() {
      queueRegistry.clear();
      progress.forgetMessages();
      progress.applyHolds(holdRegistry.clear());
    },
    progress: () => progress.forgetFiles(),
    sentinels: () => sentinels.forgetPresent(),
    dcgm() {
      gpuRegistry.forget();
      forgetGpuUsers();
    },
    gpu_processes: () => gpuProcesses.forget(),
  };

  function forgetSource(source: SourceName): void {
    const health = sources.get(source);
    if (health) failuresBefore.set(source, health.failures);
    sources.delete(source);
    forgetTold[source]();
  }

  const roles: DiscoveredRoles = {
    get changes() {
      return roleChanges;
    },
    restore(stored) {
      if (discovery.restore(stored)) rolesChanged();
    },
    save: discovery.save,
  };
  return { fleet, apply, reclassify, forgetSource, roles };
}
