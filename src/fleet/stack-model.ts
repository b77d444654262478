/** Stacks of a container's threads, as it printed them on request. */

export interface StackReading {
  readonly id: string;
  /** Where each thread stands, in one line. */
  readonly summary: string;
  /** What the container printed; bounded, without control characters and credentials. */
  readonly lines: readonly string[];
}

export interface ContainerStacks extends Omit<StackReading, 'id'> {
  readonly atMs: number;
}
