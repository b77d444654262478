/** What the simulated pipeline can be made to do, and what it tells others of at once. */

import type { SimStage } from './profile.js';
import type { SimContainer, SimOrchestrator, SimWorker, World } from './world.js';

export type ContainerChange = 'create' | 'start' | 'die' | 'oom' | 'stop' | 'destroy';

/** What others hear of at once: an engine's events, a sentinel's appearance. Files are looked at in the world. */
export interface PipelineHooks {
  containerChanged(container: SimContainer, change: ContainerChange): void;
  fileChanged(name: string): void;
  sentinelWritten(sentinel: SimSentinel): void;
}

export interface SimSentinel {
  readonly stage: string;
  readonly document: string;
  readonly outcome: 'success' | 'failure';
  readonly worker: string;
  readonly error?: string;
}

export interface Death {
  readonly exitCode: number;
  readonly isOom?: boolean;
  /** Somebody stopped it: it ends its work in order. */
  readonly isAskedFor?: boolean;
  /** The engine has told of the request when it came. */
  readonly isAnnounced?: boolean;
  /** By SIGKILL, after SIGTERM was of no use: it leaves its file as it is. */
  readonly isForced?: boolean;
  /** The message was acked before the work was done, and is gone with the worker. */
  readonly isMessageLost?: boolean;
  /** Its engine was asked to end it, long ago: no policy starts it again. */
  readonly isHeldDown?: boolean;
}

export interface Pipeline {
  readonly world: World;
  /** Everything starts: workers load their models, orchestrators begin. */
  start(): void;
  /** The process ends; the message goes back to its queue, the file stays where it is. */
  kill(container: SimContainer, death: Death): void;
  /** Starts it (again). */
  launch(container: SimContainer): void;
  /** Removed and created anew, with another id. */
  recreate(container: SimContainer): void;
  remove(container: SimContainer): void;
  /** A new document is handed to the stage, and no orchestrator waits for it. */
  submit(stage: SimStage): void;
  addOrchestrator(orchestrator: SimOrchestrator): void;
  /** The worker catches an exception: failure sentinel, message given up. */
  failJob(worker: SimWorker, error: string): void;
  /** Nobody needs the job it has in hand: its message was delivered twice, and another has done the work, or is at it. */
  isDoneElsewhere(worker: SimWorker): boolean;
  /** Stands still as it is: no CPU, no step. */
  hang(worker: SimWorker): void;
  /** Turns in circles: busy, no step; its heartbeat goes on. */
  livelock(worker: SimWorker): void;
  loseConsumer(worker: SimWorker): void;
  /** While the artifacts' disk is full, jobs that end leave no sentinel of either kind, and their messages are nacked for good. */
  setDisk(isFull: boolean): void;
  /** The next jobs that begin on the stage take so many times as long. */
  stretchNext(stage: string, jobs: number, factor: number): void;
  setBroker(isUp: boolean): void;
  /** Jobs begun from now on take so many times as long. */
  setSlowness(stage: string, factor: number): void;
  /** Called for each job when it begins; true: it has been dealt with and must not go on. Undefined: nobody watches. */
  onEachJob(watch: ((worker: SimWorker) => boolean) | undefined): void;
}
