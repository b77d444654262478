/** Conditions of the field that are well, or nearly so, and that look like faults: what is found of them is mostly false. */

import { type Act, type FaultTools, isWorking, subjectOf } from './fault-tools.js';
import { meanJobMs } from './job-plan.js';
import type { FaultTruth } from './truth.js';
import type { SimByDesignQueue, SimWorker } from './world.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** New York's, of a worker that writes its local time without a zone. */
const NAIVE_MS = 5 * 60 * MINUTE;
const CALL_MS = 200 * SECOND;
/** A stage whose mean job has steps of about two seconds. */
const FAST_JOB_MS = 60 * SECOND;
const LONG_JOBS = 3;
const LONG_MS = 45 * MINUTE;
/** What a healthy worker may not be called. */
const HEALTHY = [
  'WorkerStuck',
  'WorkerSlow',
  'WorkerStarved',
  'WorkerDown',
  'JobNearAckLimit',
  'JobOrphaned',
  'CommonCause',
];
const BY_DESIGN: readonly Omit<SimByDesignQueue, 'published'>[] = [
  { name: 'jobs.dlq', type: 'classic', ready: 1 },
  { name: 'default.XQ', type: 'classic', ready: 3 },
  { name: 'celery_delayed_7', type: 'quorum', ready: 12 },
  { name: 'nsb.delay-level-10', type: 'classic', ready: 1 },
  { name: 'celeryev.0f0f0f0f', type: 'classic', ready: 40 },
  { name: 'amq.gen-Zr3TkWhNbJ1bTrp', type: 'classic', ready: 2 },
  { name: 'events', type: 'stream', ready: 25_000 },
];
const DEAD_LETTER_EVERY_MS = MINUTE;

export type ConditionFault =
  | 'naive-clock'
  | 'quiet-call'
  | 'quiet-call-with-traffic'
  | 'censored-jobs'
  | 'queues-by-design'
  | 'dead-letters';

export function conditionFaults(tools: FaultTools): Readonly<Record<ConditionFault, Act>> {
  const { pipeline, agenda, random, struck, pickWorker } = tools;
  const { world } = pipeline;

  /** A clock is told by what is written by it. */
  function watchWrites({ container }: SimWorker, told: FaultTruth): void {
    told.observableAtMs = Number.POSITIVE_INFINITY;
    const look = (): void => {
      if (told.endedAtMs !== undefined) return;
      const writtenAtMs = world.files.get(container.name)?.mtimeMs ?? 0;
      if (writtenAtMs > told.atMs) told.observableAtMs = writtenAtMs;
      else agenda.after(SECOND, look);
    };
    look();
  }

  function callOf(hasTraffic: boolean): Act {
    return ({ tell }) => {
      const worker = pickWorker(
        (one) => isWorking(one) && one.stage.habit === 'fine' && meanJobMs(one.stage) < FAST_JOB_MS,
      );
      if (!worker) return false;
      const { job } = worker;
      const told = tell(subjectOf(worker), [], HEALTHY);
      if (job) Object.assign(job, { waitMs: CALL_MS, hasTraffic });
      const look = (): void => {
        if (worker.job === job) {
          agenda.after(SECOND, look);
          return;
        }
        told.endedAtMs = agenda.nowMs;
        struck.delete(worker.container.name);
      };
      look();
      return true;
    };
  }

  function addQueue(queue: Omit<SimByDesignQueue, 'published'>): SimByDesignQueue {
    const added = { ...queue, published: queue.ready };
    world.byDesignQueues.push(added);
    return added;
  }

  function removeQueue(queue: SimByDesignQueue): void {
    world.byDesignQueues.splice(world.byDesignQueues.indexOf(queue), 1);
  }

  return {
    'naive-clock': ({ fault, tell }) => {
      for (const aheadMs of [NAIVE_MS, -NAIVE_MS]) {
        const worker = pickWorker(isWorking);
        if (!worker) return false;
        worker.clockAheadMs = aheadMs;
        const told = tell(subjectOf(worker), ['ProgressClockSkewed'], HEALTHY);
        watchWrites(worker, told);
        agenda.at(fault.healAtMs, () => {
          worker.clockAheadMs = 0;
          told.endedAtMs = agenda.nowMs;
          struck.delete(worker.container.name);
        });
      }
      return true;
    },
    'quiet-call': callOf(false),
    'quiet-call-with-traffic': callOf(true),
    'censored-jobs': ({ fault, tell }) => {
      const stage = random.pick(
        world.profile.stages.filter(({ habit, share }) => habit === 'fine' && share === 1),
      );
      if (!stage) return false;
      const told = tell({ stage: stage.id }, [], HEALTHY);
      pipeline.stretchNext(stage.id, LONG_JOBS, LONG_MS / meanJobMs(stage));
      agenda.at(fault.healAtMs + LONG_MS, () => {
        told.endedAtMs = agenda.nowMs;
      });
      return true;
    },
    'queues-by-design': ({ fault, tell }) => {
      for (const queue of BY_DESIGN) {
        if (world.byDesignQueues.some(({ name }) => name === queue.name)) continue;
        const added = addQueue(queue);
        const told = tell({ queue: queue.name }, [], 'all');
        agenda.at(fault.healAtMs, () => {
          removeQueue(added);
          told.endedAtMs = agenda.nowMs;
        });
      }
      return true;
    },
    'dead-letters': ({ fault, tell }) => {
      const stage = random.pick(world.profile.stages)?.id.toLowerCase() ?? '';
      const queue = addQueue({ name: `${stage}.dlq`, type: 'classic', ready: 0 });
      const told = tell({ queue: queue.name }, ['DeadLettersGrowing'], ['QueueNoConsumers', 'QueueGrowing']);
      const fill = (): void => {
        if (agenda.nowMs >= fault.healAtMs) {
          removeQueue(queue);
          told.endedAtMs = agenda.nowMs;
          return;
        }
        queue.ready++;
        queue.published++;
        agenda.after(DEAD_LETTER_EVERY_MS, fill);
      };
      fill();
      return true;
    },
  };
}
