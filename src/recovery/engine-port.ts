/** What recovery needs of the engine, and of whoever else is asked or told on the way to a restart. */

import type {
  ContainerLook,
  LogTail,
  LookAnswer,
  ProcessTable,
  Reading,
  RestartAnswer,
  RestartHow,
} from '../fleet/engine-answers.js';
import type { RestartNews } from '../fleet/observations.js';
import type { Candidate } from './decision.js';

export interface EnginePort {
  look(id: string): Promise<LookAnswer>;
  logs(
    look: ContainerLook,
    bounds: { readonly maxLines: number; readonly maxBytes: number },
  ): Promise<Reading<LogTail>>;
  top(id: string): Promise<Reading<ProcessTable>>;
  restart(container: { readonly id: string; readonly name: string }, how: RestartHow): Promise<RestartAnswer>;
}

/** A worker whose restart is asked of the engine next: all looks are done, and it is written down. */
export interface DoomedWorker extends Candidate {
  readonly incident: string;
  readonly by: string;
}

export interface RestartPorts {
  /** Undefined while no engine is watched. */
  readonly engine: () => EnginePort | undefined;
  /** Reads all progress anew; resolves when the fleet has it, rejects when it cannot be read. */
  readonly lookAtProgress: () => Promise<void>;
  /** The fleet hears of what no engine can tell: whose doing stops and starts of the container are. */
  readonly announce: (containerId: string, atMs: number, news: RestartNews) => void;
  /** Called just before the engine is asked to restart a worker; must be quick, and a failure of it stops nothing. */
  readonly beforeRestart: (worker: DoomedWorker) => Promise<void>;
}
