/** What the processes of a container wait for; known only of containers that detection asked about. */

export interface ProcessReading {
  readonly id: string;
  /** In words, the most telling first; without control characters and credentials, bounded. */
  readonly lines: readonly string[];
  /** What its main process does, to follow its name: `runs`, `waits for a lock`. */
  readonly wait?: string;
}

export interface ContainerProcesses {
  readonly atMs: number;
  readonly lines: readonly string[];
  readonly wait?: string;
}
