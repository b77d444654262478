/** Faults that strike one worker, or one document at a time. */

import type { FaultKind } from './fault-plan.js';
import { type Act, type FaultTools, isWorking, subjectOf } from './fault-tools.js';
import type { FaultTruth } from './truth.js';
import { documentName, type SimWorker } from './world.js';

const MINUTE = 60_000;
/** Messages that wait for so long on end, while a consumer is missing, can be seen to wait in vain. */
const SEEN_AFTER_MS = 90_000;
/** By which an idle worker, its queue and its missing consumer are known. */
const TELLING = ['rabbitmq', 'progress', 'docker'] as const;

export type WorkerFault =
  | 'hang'
  | 'livelock'
  | 'crash'
  | 'crash-message-lost'
  | 'oom'
  | 'crash-with-sentinel'
  | 'lost-consumer'
  | 'poison-document'
  | 'clock-skew';

export function workerFaults(tools: FaultTools): Readonly<Record<WorkerFault & FaultKind, Act>> {
  const { pipeline, agenda, random, outages, struck, pickWorker, healByRestart } = tools;
  const { world } = pipeline;

  function strikeWorker(
    isFit: (worker: SimWorker) => boolean,
    expects: readonly string[],
    how: (worker: SimWorker) => void,
  ): Act {
    return ({ fault, tell }) => {
      const worker = pickWorker(isFit);
      if (!worker) return false;
      const told = tell(subjectOf(worker), expects);
      how(worker);
      healByRestart(worker, fault.healAtMs, told);
      return true;
    };
  }

  /** Dies without a word; the engine starts it again or, where there is no policy, a person does. */
  function crash(exitCode: number, more: { isOom?: boolean; isMessageLost?: boolean } = {}): Act {
    return ({ fault, tell }) => {
      const worker = pickWorker(isWorking);
      if (!worker) return false;
      const { container } = worker;
      container.hasRestartPolicy = random.isTrue(0.5);
      const isMissed = more.isMessageLost === true && !pipeline.isDoneElsewhere(worker);
      const told = tell(subjectOf(worker), ['JobOrphaned', 'WorkerDown', 'WorkerCrashLooping']);
      // Started again, and its work in other hands: over before anybody needs to know.
      if (container.hasRestartPolicy && !isMissed) told.isTransient = true;
      pipeline.kill(container, { exitCode, ...more });
      agenda.at(fault.healAtMs, () => {
        told.endedAtMs = agenda.nowMs;
        if (container.state === 'exited') pipeline.launch(container);
        container.hasRestartPolicy = true;
        struck.delete(container.name);
      });
      return true;
    };
  }

  /**
   * Before messages wait for a minute on end, an idle worker without a consumer looks like any other; and while one of
   * the systems that tell of it is away, nobody can be asked. A broker that comes back gives it a new consumer.
   */
  function watchShortage(worker: SimWorker, told: FaultTruth): void {
    const { life } = worker.container;
    let sinceMs: number | undefined;
    told.observableAtMs = Number.POSITIVE_INFINITY;
    const look = (): void => {
      if (worker.hasConsumer || worker.container.life !== life) told.endedAtMs ??= agenda.nowMs;
      if (told.endedAtMs !== undefined) return;
      const ready = world.queues.get(worker.stage.id)?.ready.length ?? 0;
      const isShown = ready > 0 && TELLING.every((source) => outages.isUp(source));
      sinceMs = isShown ? (sinceMs ?? agenda.nowMs) : undefined;
      if (sinceMs !== undefined && agenda.nowMs - sinceMs >= SEEN_AFTER_MS) {
        told.observableAtMs = sinceMs;
        return;
      }
      agenda.after(2000, look);
    };
    look();
  }

  /** A clock is told by what is written by it, and a worker may write nothing for long. */
  function watchWrites({ container }: SimWorker, told: FaultTruth): void {
    told.observableAtMs = Number.POSITIVE_INFINITY;
    const look = (): void => {
      if (told.endedAtMs !== undefined) return;
      const writtenAtMs = world.files.get(container.name)?.mtimeMs ?? 0;
      if (writtenAtMs > told.atMs) told.observableAtMs = writtenAtMs;
      else agenda.after(1000, look);
    };
    look();
  }

  return {
    hang: strikeWorker(isWorking, ['WorkerStuck'], pipeline.hang),
    livelock: strikeWorker(
      (worker) => isWorking(worker) && hasUnits(worker),
      ['WorkerStuck'],
      pipeline.livelock,
    ),
    crash: crash(139),
    'crash-message-lost': crash(1, { isMessageLost: true }),
    oom: crash(137, { isOom: true }),
    'crash-with-sentinel': (strike) => {
      const worker = pickWorker(isWorking);
      if (!worker) return false;
      const told = strike.tell(subjectOf(worker), []);
      pipeline.failJob(worker, 'CUDA error: an illegal memory access was encountered');
      pipeline.kill(worker.container, { exitCode: 1 });
      told.endedAtMs = agenda.nowMs;
      struck.delete(worker.container.name);
      return true;
    },
    'lost-consumer': (strike) => {
      const worker = pickWorker(({ mode, hasConsumer }) => mode === 'idle' && hasConsumer);
      if (!worker) return false;
      const told = strike.tell(subjectOf(worker), ['WorkerStarved']);
      pipeline.loseConsumer(worker);
      watchShortage(worker, told);
      healByRestart(worker, strike.fault.healAtMs, told);
      return true;
    },
    'poison-document': ({ fault, tell }) => {
      let told: FaultTruth | undefined;
      let document: number | undefined;
      const kill = (worker: SimWorker): void => {
        const { life } = worker.container;
        agenda.after(20_000, () => {
          if (worker.container.life === life) pipeline.kill(worker.container, { exitCode: 139 });
        });
      };
      pipeline.onEachJob((worker) => {
        const isFirst = document === undefined && worker.stage.share === 1;
        if (isFirst) {
          document = worker.job?.message.document;
          told = tell({ stage: worker.stage.id, document: documentName(document ?? 0) }, ['PoisonDocument']);
          told.members = [];
          told.stage = worker.stage.id;
        }
        if (worker.job?.message.document !== document || worker.stage.id !== told?.stage) return false;
        told?.members?.push(worker.container.name);
        if (told && told.members?.length === 2) told.observableAtMs = agenda.nowMs + 20_000;
        kill(worker);
        return true;
      });
      agenda.at(fault.healAtMs, () => {
        if (told) told.endedAtMs = agenda.nowMs;
        pipeline.onEachJob(undefined);
      });
      return true;
    },
    'clock-skew': ({ fault, tell }) => {
      for (const aheadMs of [60 * MINUTE, -60 * MINUTE]) {
        const worker = pickWorker(isWorking);
        if (!worker) return false;
        worker.clockAheadMs = aheadMs;
        const told = tell(subjectOf(worker), ['ProgressClockSkewed']);
        watchWrites(worker, told);
        agenda.at(fault.healAtMs, () => {
          worker.clockAheadMs = 0;
          told.endedAtMs = agenda.nowMs;
          struck.delete(worker.container.name);
        });
      }
      return true;
    },
  };
}

const hasUnits = ({ stage }: SimWorker): boolean => stage.habit !== 'none';
