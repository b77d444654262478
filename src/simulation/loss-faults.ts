/** Faults that lose or give back messages otherwise than they look: redelivery, poison that crashes, a full disk, dead connections. */

import { type Act, type FaultTools, isWorking, subjectOf } from './fault-tools.js';
import type { FaultTruth } from './truth.js';
import { documentName, type SimWorker } from './world.js';

const SECOND = 1000;
const CRASHES_AFTER_MS = 20 * SECOND;
/** A dead connection shows when a message is lost to it. */
/** So long after it began, a disk that stalled answers, and a kill that was asked for takes effect. */
const KERNEL_WAIT_MS = 12 * 60 * SECOND;
const GIVEN_UP_MS = 30 * 60 * SECOND;
const LOST_BY_MS = 2 * SECOND;

export type LossFault =
  | 'redelivered'
  | 'poison-crashes'
  | 'disk-full'
  | 'standstill'
  | 'half-open-consumer'
  | 'stuck-in-kernel';

export function lossFaults(tools: FaultTools): Readonly<Record<LossFault, Act>> {
  const { pipeline, agenda, random, struck, pickWorker, healByRestart } = tools;
  const { world } = pipeline;

  /** Observable from when it holds for the first time. */
  function showsWhen(told: FaultTruth, isShown: () => boolean): void {
    told.observableAtMs = Number.POSITIVE_INFINITY;
    const look = (): void => {
      if (told.endedAtMs !== undefined) return;
      if (isShown()) told.observableAtMs = agenda.nowMs;
      else agenda.after(LOST_BY_MS, look);
    };
    look();
  }

  function endAt(atMs: number, told: FaultTruth, heal: () => void): void {
    agenda.at(atMs, () => {
      told.endedAtMs ??= agenda.nowMs;
      heal();
    });
  }

  /** Every orchestrator waits, no worker is at work, and no message waits: nothing moves any more by itself. */
  function isStandstill(): boolean {
    const carried = [...world.orchestrators.values()].filter(({ document }) => document !== undefined);
    return (
      carried.length > 0 &&
      [...world.workers.values()].every(({ job }) => job === undefined) &&
      [...world.queues.values()].every(({ ready, unacked }) => ready.length === 0 && unacked === 0)
    );
  }

  function diskFull(expects: readonly string[]): Act {
    return ({ fault, tell }) => {
      const told = tell({}, expects);
      pipeline.setDisk(true);
      showsWhen(told, isStandstill);
      agenda.at(fault.healAtMs, () => pipeline.setDisk(false));
      // Who waits for what was lost waits until it gives up.
      endAt(fault.healAtMs + GIVEN_UP_MS, told, () => undefined);
      return true;
    };
  }

  return {
    redelivered: ({ fault, tell }) => {
      const worker = pickWorker(
        (one) => isWorking(one) && one.stage.share === 1 && !pipeline.isDoneElsewhere(one),
      );
      if (!worker) return false;
      const { container } = worker;
      container.hasRestartPolicy = false;
      const told = tell(subjectOf(worker), ['WorkerDown'], ['JobOrphaned', 'PoisonDocument', 'CommonCause']);
      pipeline.kill(container, { exitCode: 137 });
      endAt(fault.healAtMs, told, () => {
        if (container.state === 'exited') pipeline.launch(container);
        container.hasRestartPolicy = true;
        struck.delete(container.name);
      });
      return true;
    },
    'poison-crashes': ({ fault, tell }) => {
      // Where a stage has few workers, they are all down before anything else shows.
      const stage = random.pick(world.profile.stages.filter(({ share }) => share === 1));
      if (!stage) return false;
      let told: FaultTruth | undefined;
      let document: number | undefined;
      const crash = ({ container }: SimWorker): void => {
        const { life } = container;
        agenda.after(CRASHES_AFTER_MS, () => {
          if (container.life !== life) return;
          container.hasRestartPolicy = false;
          pipeline.kill(container, { exitCode: 139 });
        });
      };
      pipeline.onEachJob((worker) => {
        if (worker.stage.id !== stage.id) return false;
        document ??= worker.job?.message.document;
        if (document === undefined || worker.job?.message.document !== document) return false;
        if (!told) {
          told = tell(
            { stage: stage.id, document: documentName(document) },
            ['PoisonDocument'],
            ['CommonCause'],
          );
          told.members = [];
          told.observableAtMs = Number.POSITIVE_INFINITY;
        }
        told.members?.push(worker.container.name);
        if (told.members?.length === 2) told.observableAtMs = agenda.nowMs + CRASHES_AFTER_MS;
        crash(worker);
        return true;
      });
      agenda.at(fault.healAtMs, () => {
        pipeline.onEachJob(undefined);
        if (told) told.endedAtMs = agenda.nowMs;
        for (const name of told?.members ?? []) {
          const container = world.containers.get(name);
          if (!container) continue;
          if (container.state === 'exited') pipeline.launch(container);
          container.hasRestartPolicy = true;
        }
      });
      return true;
    },
    'disk-full': diskFull(['PipelineStandstill', 'OrchestratorStuck']),
    standstill: diskFull(['PipelineStandstill']),
    'half-open-consumer': ({ fault, tell }) => {
      const worker = pickWorker(({ mode, hasConsumer }) => mode === 'idle' && hasConsumer);
      if (!worker) return false;
      const told = tell(subjectOf(worker), ['WorkerStarved']);
      worker.isHalfOpen = true;
      showsWhen(told, () => worker.swallowed !== undefined);
      healByRestart(worker, fault.healAtMs, told);
      return true;
    },
    'stuck-in-kernel': ({ fault, tell }) => {
      const worker = pickWorker((one) => isWorking(one) && one.stage.share === 1);
      if (!worker) return false;
      const told = tell(subjectOf(worker), ['WorkerStuck']);
      pipeline.hang(worker);
      worker.inKernel = 'waiting';
      agenda.after(KERNEL_WAIT_MS, () => {
        const isKilled = worker.inKernel === 'killed';
        delete worker.inKernel;
        const death = { exitCode: 137, isAskedFor: true, isAnnounced: true, isForced: true };
        if (isKilled) pipeline.kill(worker.container, death);
      });
      healByRestart(worker, fault.healAtMs, told);
      return true;
    },
  };
}
