/** What a source can say: the only way into the fleet's picture. Times are Unix milliseconds. */

import type { CpuReading } from './cpu-model.js';
import type { FailureReason } from './failure-reason.js';
import type { GpuRequest } from './gpu-model.js';
import type { GpusRead } from './gpu-observations.js';
import type { GpuProcessesRead } from './gpu-process-model.js';
import type { IoReading } from './io-model.js';
import type { LogObservation } from './log-model.js';
import type { ContainerState, HealthState, SourceName } from './model.js';
import type { OwnedPorts } from './port-model.js';
import type { ProcessReading } from './process-model.js';
import type { ProgressObservation } from './progress-observations.js';
import type { QueueObservation } from './queue-observations.js';
import type { SentinelObservation } from './sentinel-observations.js';
import type { SocketReading } from './socket-model.js';
import type { StackReading } from './stack-model.js';
import type { Stage } from './stage-model.js';

/** What the list of containers tells of each. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly state: ContainerState;
  readonly health?: HealthState;
}

/** What an inspect adds: everything the list lacks. */
export interface ContainerFacts extends ListedContainer {
  /** The engine's own count: restarts by policy since the last start that a person or program asked for. */
  readonly restartCount: number;
  /** The engine itself starts the container again after some of its ends. */
  readonly hasRestartPolicy: boolean;
  readonly startedAtMs?: number;
  /** The same by the engine's clock, where that is off: the identity of the container run, not a time. */
  readonly engineStartMs?: number;
  readonly finishedAtMs?: number;
  /** Absent where the engine does not tell it. */
  readonly exitCode?: number;
  /** It stays down although its policy restarts it after such an end: it was stopped while it waited for that. */
  readonly isHeldDown?: true;
  /** `restartCount` does not hold yet the restart that may follow the last end (Podman). */
  readonly isCountBehind?: true;
  readonly isOomKilled: boolean;
  readonly error?: string;
  readonly gpuRequest?: GpuRequest;
  /** On the engine's networks. */
  readonly addresses?: readonly string[];
  /** Id of the container whose network it shares. */
  readonly networkOf?: string;
}

/** What one inspect tells: an answer may lack what those before it had. */
export type InspectedFacts = Omit<ContainerFacts, 'restartCount' | 'hasRestartPolicy'> &
  Partial<Pick<ContainerFacts, 'restartCount' | 'hasRestartPolicy'>>;

/**
 * Container events that count. `stop` includes a `kill` with a signal that ends the process; `restart` comes before the
 * end or the start that it causes (Podman's only: Docker's comes after both, and says nothing new);
 * `restart-announced`: stagewatch is about to restart it, so the next start is its doing; `restart-withdrawn`: it is not;
 * `restart-ended-it`: its last end is the work of a restart by stagewatch that has not started it again.
 */
export type ContainerEventAction = 'create' | 'start' | 'die' | 'oom' | 'stop' | 'restart' | RestartNews;

export type RestartNews = 'restart-announced' | 'restart-withdrawn' | 'restart-ended-it';

export interface ContainerEvent {
  readonly id: string;
  readonly action: ContainerEventAction;
  readonly atMs: number;
  /** Of a `die`; absent where the engine does not tell it. */
  readonly exitCode?: number;
  /** Of a `stop` that is a kill: the signal's number. */
  readonly signal?: number;
}

export type Observation =
  | QueueObservation
  /** The configuration's stages, in DAG order; all that were known before are replaced. */
  | { readonly kind: 'stages-configured'; readonly stages: readonly Stage[] }
  | ProgressObservation
  | { readonly kind: 'source-watched'; readonly source: SourceName; readonly target: string }
  | {
      readonly kind: 'source-read';
      readonly source: SourceName;
      readonly atMs: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'source-failed';
      readonly source: SourceName;
      readonly atMs: number;
      readonly reason: FailureReason;
      readonly problem: string;
      /** Only a part of the read failed: it is counted, and the source stays up. */
      readonly isPartial?: boolean;
    }
  /** What the operator should cure about it although it can be read; without `warning` it is cured. */
  | { readonly kind: 'source-warned'; readonly source: SourceName; readonly warning?: string }
  /** Every container there was when asked; what was seen before `askedAtMs` and is missing has vanished. */
  | {
      readonly kind: 'containers-listed';
      readonly askedAtMs: number;
      readonly atMs: number;
      readonly containers: readonly ListedContainer[];
      /** Ids that have not vanished although they are not among `containers`: their entries cannot be read. */
      readonly kept?: readonly string[];
    }
  | { readonly kind: 'container-inspected'; readonly atMs: number; readonly facts: InspectedFacts }
  | { readonly kind: 'container-event'; readonly event: ContainerEvent }
  /** The engine's answer about one container has an unexpected shape. */
  | { readonly kind: 'container-unreadable'; readonly id: string; readonly problem: string }
  | { readonly kind: 'container-vanished'; readonly id: string }
  /** Connections of some containers on the host's network. */
  | { readonly kind: 'ports-read'; readonly readings: readonly OwnedPorts[] }
  /** CPU time of some containers, not necessarily all. */
  | { readonly kind: 'sockets-read'; readonly atMs: number; readonly readings: readonly SocketReading[] }
  | { readonly kind: 'cpu-read'; readonly atMs: number; readonly readings: readonly CpuReading[] }
  /** What some containers have taken in and given out. */
  | { readonly kind: 'io-read'; readonly atMs: number; readonly readings: readonly IoReading[] }
  /** What the processes of some containers wait for. */
  | { readonly kind: 'processes-read'; readonly atMs: number; readonly readings: readonly ProcessReading[] }
  /** What some containers printed when they were asked for the stacks of their threads. */
  | { readonly kind: 'stacks-read'; readonly atMs: number; readonly readings: readonly StackReading[] }
  | GpusRead
  | GpuProcessesRead
  | LogObservation
  | SentinelObservation;
