/** What faults strike with: who is fit for one, who is struck already, and how it is put right. */

import type { Agenda } from './agenda.js';
import type { PlannedFault } from './fault-plan.js';
import type { Outages } from './outages.js';
import type { Pipeline } from './pipeline-model.js';
import type { Random } from './random.js';
import type { FaultTruth, TruthSubject } from './truth.js';
import { documentName, type SimWorker } from './world.js';

export interface FaultOptions {
  readonly pipeline: Pipeline;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly outages: Outages;
}

export interface Strike {
  readonly fault: PlannedFault;
  tell(subject: TruthSubject, expects: readonly string[], forbids?: FaultTruth['forbids']): FaultTruth;
}

/** False: nobody is in the state that it needs; it is tried again. */
export type Act = (strike: Strike) => boolean;

export interface FaultTools extends FaultOptions {
  /** Whom one fault has struck, no other strikes. */
  readonly struck: Set<string>;
  /** Whoever is picked from now on must be of this stage; undefined: of any. */
  aimAt(stage: string | undefined): void;
  isAimedAt(stage: string): boolean;
  pickWorker(isFit: (worker: SimWorker) => boolean): SimWorker | undefined;
  /** Somebody restarts it by hand. */
  healByRestart(worker: SimWorker, atMs: number, told: FaultTruth): void;
}

export const isWorking = ({ mode, job, hasConsumer }: SimWorker): boolean =>
  mode === 'working' && job !== undefined && hasConsumer;

export function subjectOf({ container, stage, job, gpu }: SimWorker): TruthSubject {
  return {
    container: container.name,
    stage: stage.id,
    gpu: String(gpu),
    ...(job && { document: documentName(job.message.document) }),
  };
}

export function createFaultTools(options: FaultOptions): FaultTools {
  const { pipeline, agenda, random } = options;
  const { world } = pipeline;
  const struck = new Set<string>();
  let aim: string | undefined;
  const isAimedAt = (stage: string): boolean => aim === undefined || aim === stage;

  function pickWorker(isFit: (worker: SimWorker) => boolean): SimWorker | undefined {
    const fit = [...world.workers.values()].filter(
      (worker) => isAimedAt(worker.stage.id) && !struck.has(worker.container.name) && isFit(worker),
    );
    const worker = random.pick(fit);
    if (worker) struck.add(worker.container.name);
    return worker;
  }

  function healByRestart(worker: SimWorker, atMs: number, told: FaultTruth): void {
    const { life } = worker.container;
    agenda.at(atMs, () => {
      told.endedAtMs ??= agenda.nowMs;
      if (worker.container.life !== life) return;
      pipeline.kill(worker.container, { exitCode: 137, isAskedFor: true });
      pipeline.launch(worker.container);
      struck.delete(worker.container.name);
    });
  }

  return {
    ...options,
    struck,
    pickWorker,
    healByRestart,
    isAimedAt,
    aimAt(stage) {
      aim = stage;
    },
  };
}
