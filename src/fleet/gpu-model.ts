/** What is known of GPUs, and of which containers may use them. */

/**
 * What an engine's inspect says of a container's GPUs. `none` is said and unsaid alike: the engine gives it none.
 * `devices` name GPUs as NVIDIA does: index (`0`), UUID (`GPU-…`), MIG (`MIG-GPU-…/1/0`, `0:1`), or device file (`nvidia0`).
 */
export type GpuRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'devices'; readonly devices: readonly string[] };

/** A slice of a GPU that is divided by MIG. */
export interface MigInstance {
  /** Id of the GPU instance, unique within its GPU. */
  readonly id: string;
  /** `1g.23gb` */
  readonly profile?: string;
}

export interface GpuMemory {
  readonly usedBytes?: number;
  readonly freeBytes?: number;
  /** Taken by driver and firmware. */
  readonly reservedBytes?: number;
  /** As reported, else the sum of the others. */
  readonly totalBytes?: number;
}

/** Facts of one GPU, or of one of its MIG instances. What the exporter does not measure is absent. */
export interface GpuFacts {
  /** Of the whole GPU; its MIG instances bear the same. */
  readonly uuid: string;
  /** As the driver counts, from 0; empty when the exporter does not say. */
  readonly index: string;
  /** `nvidia0`: the device file, which need not count as the index does. */
  readonly device?: string;
  readonly model?: string;
  readonly host?: string;
  readonly mig?: MigInstance;
  readonly memory: GpuMemory;
  readonly utilizationRatio?: number;
  readonly temperatureCelsius?: number;
  readonly powerWatts?: number;
}

export interface Gpu extends GpuFacts {
  /** The UUID, and for a MIG instance `/` and its id. */
  readonly identity: string;
  /** The last XID error the driver reported, which stays until the driver is loaded anew; 0 for none. */
  readonly lastXid?: number;
  /** Errors that came while the daemon watched, by XID; absent when the exporter does not report XIDs. */
  readonly xidEvents?: ReadonlyMap<string, number>;
  readonly seenAtMs: number;
  /** When an answer last said how busy it is; absent: none ever did. */
  readonly utilizationAtMs?: number;
}

/** A GPU that was there and is missing from the exporter's answer in whole and in part, though others are in it. */
export interface LostGpu {
  /** As it was last seen. */
  readonly gpu: Gpu;
  readonly lostAtMs: number;
}

/** One container that may use one GPU. */
export interface GpuLink {
  /** Identity of the GPU. */
  readonly identity: string;
  readonly index: string;
  readonly uuid: string;
  readonly migId?: string;
  readonly container: string;
  readonly stage?: string;
}

export function gpuIdentity({ uuid, mig }: Pick<GpuFacts, 'uuid' | 'mig'>): string {
  return mig === undefined ? uuid : `${uuid}/${mig.id}`;
}
