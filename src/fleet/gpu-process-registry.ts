/** Keeps which container holds how much memory of each GPU, and what is held by none. */

import type {
  GpuHolding,
  GpuOrphans,
  GpuProcess,
  GpuProcessesRead,
  OrphanProcess,
} from './gpu-process-model.js';
import type { Container, ContainerState, Fleet } from './model.js';

export interface GpuProcessRegistry {
  holdings(): readonly GpuHolding[];
  orphans(): readonly GpuOrphans[];
  applyRead(read: GpuProcessesRead): void;
  /** Containers, or the GPUs that there are, have changed. */
  invalidate(): void;
  /** Processes are watched no longer. */
  forget(): void;
}

export interface GpuProcessSurroundings extends Pick<Fleet, 'containers' | 'ignored' | 'gpus'> {
  /** The list of containers is current: one that is not in it was removed. */
  isEngineRead(): boolean;
}

/** Their processes live, or have ended a moment ago. */
const LIVING: ReadonlySet<ContainerState> = new Set(['created', 'running', 'paused', 'restarting']);
const SHORT_ID = 12;
const MAX_ORPHANS = 20;

interface Sorted {
  readonly holdings: readonly GpuHolding[];
  readonly orphans: readonly GpuOrphans[];
}

const NOTHING: Sorted = { holdings: [], orphans: [] };

export function createGpuProcessRegistry(around: GpuProcessSurroundings): GpuProcessRegistry {
  let last: GpuProcessesRead | undefined;
  let sorted: Sorted | undefined = NOTHING;

  function sort(): Sorted {
    sorted ??= last === undefined ? NOTHING : sortProcesses(last, around);
    return sorted;
  }

  return {
    holdings: () => sort().holdings,
    orphans: () => sort().orphans,
    applyRead(read) {
      last = read;
      sorted = undefined;
    },
    invalidate() {
      sorted = undefined;
    },
    forget() {
      last = undefined;
      sorted = undefined;
    },
  };
}

/** What a process belongs to: a container that holds memory, none, or nobody knows. */
type Belonging =
  | { readonly kind: 'held'; readonly holder: Pick<Container, 'name' | 'stage'> }
  | { readonly kind: 'orphan'; readonly orphan: OrphanProcess }
  /** Of a container that is to be ignored, or of one that cannot be told. */
  | { readonly kind: 'left-out' }
  | { readonly kind: 'unknown' };

function sortProcesses(read: GpuProcessesRead, around: GpuProcessSurroundings): Sorted {
  const byId = new Map([...around.containers.values()].map((one) => [one.id, one]));
  const indexes = new Map(read.gpus.map(({ uuid, index }) => [uuid, index]));
  for (const { uuid, index, mig } of around.gpus.values())
    if (!mig && !indexes.has(uuid)) indexes.set(uuid, index);
  const holdings = new Map<string, Summed<GpuHolding>>();
  const orphans = new Map<string, OrphanProcess[] | 'unknown'>(read.gpus.map(({ uuid }) => [uuid, []]));
  for (const process of read.processes) {
    const { uuid, usedBytes } = process;
    const known = orphans.get(uuid) ?? [];
    orphans.set(uuid, known);
    const belonging = belongingOf(process, byId, around);
    if (belonging.kind === 'held') {
      const { name, stage } = belonging.holder;
      const facts = {
        container: name,
        gpu: indexes.get(uuid) ?? '',
        uuid,
        ...(stage !== undefined && { stage }),
      };
      addTo(holdings, `${uuid} ${name}`, facts, usedBytes);
    } else if (belonging.kind === 'unknown') orphans.set(uuid, 'unknown');
    else if (belonging.kind === 'orphan' && known !== 'unknown') known.push(belonging.orphan);
  }
  return {
    holdings: [...holdings.values()].flatMap(({ facts, usedBytes }) =>
      usedBytes === undefined ? [] : [{ ...facts, usedBytes }],
    ),
    orphans: [...orphans].flatMap(([uuid, processes]) =>
      processes === 'unknown'
        ? []
        : [describeOrphans({ gpu: indexes.get(uuid) ?? '', uuid, atMs: read.atMs }, processes)],
    ),
  };
}

interface Summed<T> {
  readonly facts: Omit<T, 'usedBytes'>;
  /** Undefined: of one process it is not known, so neither is the sum. */
  readonly usedBytes: number | undefined;
}

function addTo<T>(
  sums: Map<string, Summed<T>>,
  key: string,
  facts: Omit<T, 'usedBytes'>,
  usedBytes: number | undefined,
): void {
  const before = sums.get(key);
  const sum = before === undefined ? 0 : before.usedBytes;
  sums.set(key, {
    facts,
    usedBytes: sum === undefined || usedBytes === undefined ? undefined : sum + usedBytes,
  });
}

function belongingOf(
  { owner, uuid: _gpu, ...process }: GpuProcess,
  byId: ReadonlyMap<string, Container>,
  { ignored, isEngineRead }: GpuProcessSurroundings,
): Belonging {
  switch (owner.kind) {
    case 'unknown':
      return { kind: 'unknown' };
    case 'none':
      return { kind: 'orphan', orphan: process };
    case 'ended':
      return { kind: 'orphan', orphan: { ...process, hasEnded: true } };
    case 'container':
  }
  for (const id of owner.ids) {
    const container = byId.get(id);
    if (container && !LIVING.has(container.state))
      return { kind: 'orphan', orphan: { ...process, endedContainer: container.name } };
    if (container) return { kind: 'held', holder: container };
    const other = ignored.get(id);
    if (other?.isEnded) return { kind: 'orphan', orphan: { ...process, endedContainer: other.name } };
    if (other) return other.isByLabel ? { kind: 'left-out' } : { kind: 'held', holder: other };
  }
  if (!isEngineRead()) return { kind: 'unknown' };
  const endedContainer = (owner.ids.at(-1) ?? '').slice(0, SHORT_ID);
  return { kind: 'orphan', orphan: { ...process, endedContainer } };
}

function describeOrphans(
  place: Pick<GpuOrphans, 'gpu' | 'uuid' | 'atMs'>,
  processes: readonly OrphanProcess[],
): GpuOrphans {
  let usedBytes: number | undefined = 0;
  for (const one of processes)
    usedBytes =
      usedBytes === undefined || one.usedBytes === undefined ? undefined : usedBytes + one.usedBytes;
  const largest = processes.toSorted((one, other) => (other.usedBytes ?? 0) - (one.usedBytes ?? 0));
  return {
    ...place,
    ...(usedBytes !== undefined && { usedBytes }),
    processes: largest.slice(0, MAX_ORPHANS),
  };
}
