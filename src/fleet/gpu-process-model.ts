/** Which processes hold memory of which GPUs, and which containers they belong to. */

/** `none`: it runs outside of all containers; `ended`: there is no such process; `unknown`: it cannot be seen whose it is. */
export type GpuProcessOwner =
  /** Ids of containers, of one within another the outer first: the first that the engine knows is meant. */
  | { readonly kind: 'container'; readonly ids: readonly string[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'unknown' };

/** One process on one GPU, as the driver lists it. */
export interface GpuProcess {
  /** As the host counts. */
  readonly pid: number;
  /** Of the whole GPU; of a MIG instance where its GPU is not known. */
  readonly uuid: string;
  /** Absent where the driver does not tell. */
  readonly usedBytes?: number;
  /** Name of its program; bounded, without control characters and credentials. */
  readonly program?: string;
  readonly startedAtMs?: number;
  /** The operator says that it holds memory outside of containers for a good reason. */
  readonly isExpected?: true;
  readonly owner: GpuProcessOwner;
}

export interface GpuProcessesRead {
  readonly kind: 'gpu-processes-read';
  readonly atMs: number;
  /** GPUs by the driver's index. */
  readonly gpus: readonly { readonly index: string; readonly uuid: string }[];
  readonly processes: readonly GpuProcess[];
}

/** Memory of one GPU that one container holds. */
export interface GpuHolding {
  readonly container: string;
  readonly stage?: string;
  /** Index of the GPU; empty where nothing tells. */
  readonly gpu: string;
  readonly uuid: string;
  readonly usedBytes: number;
}

/** What processes of no container, or of one that ended, hold of one GPU. */
export interface GpuOrphans {
  readonly gpu: string;
  readonly uuid: string;
  /** When the driver was read: a container that ended since may have taken its processes along. */
  readonly atMs: number;
  /** Absent where the driver does not tell it of each. */
  readonly usedBytes?: number;
  /** The largest first. */
  readonly processes: readonly OrphanProcess[];
}

export interface OrphanProcess extends Omit<GpuProcess, 'uuid' | 'owner'> {
  /** The process has ended, and the driver still lists its memory. */
  readonly hasEnded?: true;
  /** Name of the container that it belonged to; the beginning of its id where it was removed. */
  readonly endedContainer?: string;
}
