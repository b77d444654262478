/** How simulated orchestrators carry documents through the DAG: publish, wait for the sentinel, go on or give up. */

import type { ProgressReport } from '../fleet/progress-model.js';
import type { Agenda } from './agenda.js';
import type { SimStage } from './profile.js';
import type { Random } from './random.js';
import {
  documentName,
  type GivenUp,
  type JobPlace,
  type SimContainer,
  type SimOrchestrator,
  type World,
} from './world.js';

export interface Dispatch {
  /** The orchestrator takes up the next document, if there is one. */
  next(orchestrator: SimOrchestrator): void;
  /** A sentinel of the stage and document has come. */
  tell(stage: string, document: number, isDone: boolean): void;
}

export interface DispatchOptions {
  readonly world: World;
  readonly agenda: Agenda;
  readonly random: Random;
  /** Does it unless the container has ended or started anew by then. */
  readonly inLife: (container: SimContainer, delayMs: number, happen: () => void) => void;
  readonly writeFile: (name: string, report: ProgressReport) => void;
  readonly removeFile: (name: string) => void;
  readonly isBrokerUp: () => boolean;
  /** Hands waiting messages of the stage to idle consumers. */
  readonly deliver: (stage: SimStage) => void;
}

const SECOND = 1000;
/** An orchestrator that has waited so long for one stage gives its document up. */
const DISPATCH_TIMEOUT_MS = 30 * 60 * SECOND;

export function jobKey(stage: string, document: number): string {
  return `${stage}:${document}`;
}

export function createDispatch(options: DispatchOptions): Dispatch {
  const { world, agenda, random, inLife, writeFile, removeFile, isBrokerUp, deliver } = options;
  /** Who waits for the sentinel of a stage and document. */
  const waiters = new Map<string, SimOrchestrator>();

  function tell(stage: string, document: number, isDone: boolean): void {
    const orchestrator = waiters.get(jobKey(stage, document));
    waiters.delete(jobKey(stage, document));
    if (orchestrator?.document !== document) return;
    inLife(orchestrator.container, 500, () => {
      if (isDone) advance(orchestrator);
      else giveUp(orchestrator, 'failure sentinel');
    });
  }

  function nextDocument(orchestrator: SimOrchestrator): void {
    const { stats, profile } = world;
    if (stats.started >= profile.documents) {
      orchestrator.document = undefined;
      removeFile(orchestrator.container.name);
      return;
    }
    orchestrator.document = stats.started++;
    orchestrator.place = -1;
    advance(orchestrator);
  }

  function advance(orchestrator: SimOrchestrator): void {
    const { document } = orchestrator;
    if (document === undefined) return;
    const { stages } = world.profile;
    let place = orchestrator.place + 1;
    while (stages[place] && !random.isTrue(stages[place]?.share ?? 1)) place++;
    orchestrator.place = place;
    const stage = stages[place];
    if (stage) publish(orchestrator, stage, document);
    else {
      world.stats.done++;
      writeOrchestrator(orchestrator, 'done');
      inLife(orchestrator.container, 2 * SECOND, () => nextDocument(orchestrator));
    }
  }

  function publish(orchestrator: SimOrchestrator, stage: SimStage, document: number): void {
    if (!isBrokerUp()) {
      inLife(orchestrator.container, 5 * SECOND, () => publish(orchestrator, stage, document));
      return;
    }
    const queue = world.queues.get(stage.id);
    if (!queue) throw new Error(`no queue for ${stage.id}`);
    queue.published++;
    queue.ready.push({ document, deliveries: 0 });
    orchestrator.waitsSinceMs = agenda.nowMs;
    waiters.set(jobKey(stage.id, document), orchestrator);
    writeOrchestrator(orchestrator, 'waiting');
    const since = orchestrator.waitsSinceMs;
    inLife(orchestrator.container, DISPATCH_TIMEOUT_MS + jobAllowance(stage), () => {
      const isSame = orchestrator.document === document && orchestrator.waitsSinceMs === since;
      if (isSame && waiters.delete(jobKey(stage.id, document)))
        giveUp(orchestrator, placeOf(world, stage.id, document));
    });
    deliver(stage);
  }

  function giveUp(orchestrator: SimOrchestrator, why: GivenUp): void {
    world.stats.failed++;
    world.givenUp.set(why, (world.givenUp.get(why) ?? 0) + 1);
    nextDocument(orchestrator);
  }

  function writeOrchestrator(
    { container, document, place }: SimOrchestrator,
    state: 'waiting' | 'done',
  ): void {
    const { stages } = world.profile;
    const stage = stages[Math.min(place, stages.length - 1)];
    writeFile(container.name, {
      name: container.name,
      role: 'orchestrator',
      state,
      completed: stages.slice(0, place).map(({ id }) => id),
      updatedAtMs: agenda.nowMs,
      ...(stage && { stage: stage.id }),
      ...(document !== undefined && { document: documentName(document) }),
    });
  }

  return { next: nextDocument, tell };
}

/** Where the job of a stage and document is that has not ended. */
export function placeOf({ workers, queues }: World, stageId: string, document: number): JobPlace {
  const holders = [...workers.values()].filter(
    ({ stage, job, swallowed }) => stage.id === stageId && (job?.message ?? swallowed)?.document === document,
  );
  if (holders.some(({ mode }) => mode === 'working')) return 'at work';
  if (holders.length > 0) return 'hangs';
  const isQueued = queues.get(stageId)?.ready.some((message) => message.document === document);
  return isQueued ? 'in the queue' : 'lost';
}

/** Stages whose jobs are long are waited for accordingly. */
function jobAllowance({ jobTime }: SimStage): number {
  return 'to' in jobTime ? 3 * jobTime.to * SECOND : 0;
}
