/** Decides which containers may use which GPUs: by the engine's own facts, else by label or name. */

import type { Gpu, GpuLink, GpuRequest } from './gpu-model.js';
import type { Container, ContainerState } from './model.js';

type LinkedContainer = Pick<Container, 'name' | 'stage' | 'gpu' | 'gpuRequest' | 'state'>;

/** Only these hold a GPU, or will again in a moment. */
const HOLDING_STATES: ReadonlySet<ContainerState> = new Set(['running', 'paused', 'restarting']);
const MIG_BY_GPU = /^MIG-(GPU-[^/]+)\/(\d+)(?:\/\d+)?$/;
const MIG_BY_INDEX = /^(\d+):\d+$/;

/**
 * One link for each container and GPU, in the order of containers and GPUs; a link that stood before is the same object.
 * A container that may use all GPUs but is named or labelled for one is linked to that one.
 */
export function linkGpus(
  containers: Iterable<LinkedContainer>,
  gpus: Iterable<Gpu>,
  before: readonly GpuLink[] = [],
): readonly GpuLink[] {
  const index = indexGpus(gpus);
  if (index.all.length === 0) return [];
  const earlier = new Map(before.map((link) => [keyOf(link), link]));
  const links: GpuLink[] = [];
  for (const container of containers) {
    if (!HOLDING_STATES.has(container.state)) continue;
    for (const gpu of gpusOf(container, index)) {
      const link = toLink(container, gpu);
      links.push(earlier.get(keyOf(link)) ?? link);
    }
  }
  return links;
}

/** The one GPU that a request names, as an index or UUID; undefined for none, several, or all. */
export function singleDevice(request: GpuRequest | undefined): string | undefined {
  if (request?.kind !== 'devices' || request.devices.length !== 1) return undefined;
  return request.devices[0]?.replace(/^nvidia(?=\d+$)/, '');
}

interface GpuIndex {
  /** Whole GPUs, and the instances of those that are not there as a whole. */
  readonly all: readonly Gpu[];
  /** By index, UUID, device file and, for MIG instances, identity; all in lower case. */
  readonly byName: ReadonlyMap<string, readonly Gpu[]>;
}

function indexGpus(gpus: Iterable<Gpu>): GpuIndex {
  const known = [...gpus];
  const whole = new Set(known.filter(({ mig }) => !mig).map(({ uuid }) => uuid));
  const byName = new Map<string, Gpu[]>();
  const add = (name: string | undefined, gpu: Gpu): void => {
    if (!name) return;
    const key = name.toLowerCase();
    const named = byName.get(key);
    if (named) named.push(gpu);
    else byName.set(key, [gpu]);
  };
  const all = known.filter(({ mig, uuid }) => !mig || !whole.has(uuid));
  for (const gpu of all) for (const name of [gpu.index, gpu.uuid, gpu.device]) add(name, gpu);
  for (const gpu of known) if (gpu.mig) add(gpu.identity, gpu);
  return { all, byName };
}

function gpusOf({ gpu, gpuRequest }: LinkedContainer, index: GpuIndex): readonly Gpu[] {
  if (gpuRequest?.kind === 'devices') return findAll(gpuRequest.devices, index);
  const named = gpu === undefined ? [] : findAll(gpu.split(','), index);
  return named.length === 0 && gpuRequest?.kind === 'all' ? index.all : named;
}

function findAll(devices: readonly string[], { byName }: GpuIndex): readonly Gpu[] {
  const found = new Set<Gpu>();
  for (const device of devices) {
    for (const gpu of byName.get(gpuName(device.trim())) ?? []) found.add(gpu);
  }
  return [...found];
}

/**
 * The name by which the exporter's GPUs are looked up. A MIG device by its place (`0:1`) is taken for its GPU:
 * the exporter tells instances by an id that does not follow from the place.
 */
function gpuName(device: string): string {
  const instance = MIG_BY_GPU.exec(device);
  if (instance) return `${instance[1]}/${instance[2]}`.toLowerCase();
  return (MIG_BY_INDEX.exec(device)?.[1] ?? device).toLowerCase();
}

function toLink({ name, stage }: LinkedContainer, { identity, index, uuid, mig }: Gpu): GpuLink {
  return {
    identity,
    index,
    uuid,
    ...(mig && { migId: mig.id }),
    container: name,
    ...(stage !== undefined && { stage }),
  };
}

function keyOf({ identity, index, container, stage }: GpuLink): string {
  return `${identity} ${index} ${container} ${stage ?? ''}`;
}
