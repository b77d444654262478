/** What the processes of a container wait for; known only of containers that detection asked about. */

export interface ProcessReading {
  readonly id: string;
  /** In words, the most telling first; without control characters and credentials, bounded. */
  readonly lines: readonly string[];
  /** What its main process does, to follow its name: `runs`, `waits for a lock`. */
  readonly wait?: string;
  /** In which no process can go on by itself; absent: it may. */
  readonly halt?: Halt;
}

/** All threads of the main process are stopped by a signal (state T), or sleep in the kernel, uninterruptible (state D). */
export type Halt = 'stopped' | 'disk';

export interface ContainerProcesses extends Omit<ProcessReading, 'id'> {
  readonly atMs: number;
}
