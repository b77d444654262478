/** How much CPU time a container uses. Times are Unix milliseconds, by our clock. */

export interface CpuActivity {
  readonly identity: string;
  /** Name of the container. */
  readonly container: string;
  /** CPU time since the container's start, of all its processes and cores together. */
  readonly usedSeconds: number;
  /** When that was read. */
  readonly atMs: number;
  /** The first reading of this life of the container, or after minutes without any: nothing is known of before. */
  readonly firstAtMs: number;
  /** CPU time used within the last `recentMs`, about a minute; absent until there are two readings. */
  readonly recentSeconds?: number;
  readonly recentMs?: number;
  /** End of the last time between two readings in which it used a hundredth of a core or more; absent: never. */
  readonly lastBusyAtMs?: number;
}

/** One reading of one container. */
export interface CpuReading {
  readonly id: string;
  readonly usedSeconds: number;
}
