/** What every source is to the daemon: something that starts, speaks in observations, and stops. */

import type { Suspect } from '../fleet/io-model.js';
import type { SourceName } from '../fleet/model.js';
import type { Observation } from '../fleet/observations.js';
import type { Clock } from '../lib/clock.js';
import type { NotedSection } from '../lib/durable-section.js';
import type { Logger } from '../lib/logger.js';

export interface SourceContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** The only way out of a source; synchronous. */
  readonly apply: (observation: Observation) => void;
  /** Absent: none. */
  readonly suspects?: () => readonly Suspect[];
  /** Ids of containers whose connections detection wants to know, the longest idle first; absent: none. */
  readonly unserved?: () => readonly string[];
  /** Ids of healthy workers that suspects are compared with; absent: none. */
  readonly peers?: () => readonly string[];
  /** Ids of containers whose logs are to be searched for errors, the most urgent first; absent: none. */
  readonly logged?: () => readonly string[];
  /** Ids of running containers that may hold memory of a GPU, the likeliest first; absent: none. */
  readonly gpuContainers?: () => readonly string[];
  /** What the source remembers from one life of the daemon to the next; absent: nothing. */
  readonly durable?: NotedSection;
}

export interface Source {
  readonly name: SourceName;
  /** What is watched, for people, without credentials. */
  readonly target: string;
  /** Begins to watch and returns at once; whatever fails is reported as health and retried for ever. */
  start(): void;
  /** Reads at once, beside its timer; resolves when what it read is applied, rejects when it cannot be read. */
  lookNow?(): Promise<void>;
  /** Releases everything; resolves within 2 seconds even when the outside does not answer. */
  stop(): Promise<void>;
}
