/** Lets planned faults strike the pipeline, and writes down the truth of each: whom, when, and what should be found. */

import type { Agenda } from './agenda.js';
import type { FaultKind, PlannedFault } from './fault-plan.js';
import type { Outages } from './outages.js';
import type { Pipeline } from './pipeline.js';
import type { Random } from './random.js';
import type { FaultTruth, FindingSubjectTruth } from './truth.js';
import { addOrchestrator, documentName, type SimWorker } from './world.js';

export interface FaultOptions {
  readonly pipeline: Pipeline;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly outages: Outages;
}

export interface Faults {
  /** What struck so far, in order. */
  readonly truth: readonly FaultTruth[];
  schedule(faults: readonly PlannedFault[]): void;
}

const MINUTE = 60_000;
const RETRY_MS = 20_000;
const MAX_TRIES = 200;
const MASS = 20;

interface Strike {
  readonly fault: PlannedFault;
  tell(subject: FindingSubjectTruth, expects: readonly string[]): FaultTruth;
}

/** False: nobody is in the state that it needs; it is tried again. */
type Act = (strike: Strike) => boolean;

export function createFaults({ pipeline, agenda, random, outages }: FaultOptions): Faults {
  const { world } = pipeline;
  const truth: FaultTruth[] = [];
  /** Whom one fault has struck, no other strikes. */
  const struck = new Set<string>();

  function pickWorker(isFit: (worker: SimWorker) => boolean): SimWorker | undefined {
    const fit = [...world.workers.values()].filter(
      (worker) => !struck.has(worker.container.name) && isFit(worker),
    );
    const worker = random.pick(fit);
    if (worker) struck.add(worker.container.name);
    return worker;
  }

  const isWorking = ({ mode, job, hasConsumer }: SimWorker): boolean =>
    mode === 'working' && job !== undefined && hasConsumer;
  const hasUnits = ({ stage }: SimWorker): boolean => stage.habit !== 'none';
  const subjectOf = ({ container, stage, job, gpu }: SimWorker): FindingSubjectTruth => ({
    container: container.name,
    stage: stage.id,
    gpu: String(gpu),
    ...(job && { document: documentName(job.message.document) }),
  });

  /** Somebody restarts it by hand. */
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
      const isTakenUpAtOnce = container.hasRestartPolicy && !more.isMessageLost;
      const told = tell(subjectOf(worker), ['JobOrphaned', 'WorkerDown', 'WorkerCrashLooping']);
      // Started again, and its message delivered to another: over before anybody needs to know.
      if (isTakenUpAtOnce) told.isTransient = true;
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

  function pickStage(isFit: (stage: string) => boolean = () => true): string | undefined {
    return random.pick(
      world.profile.stages.filter(({ share, id }) => share === 1 && isFit(id)).map(({ id }) => id),
    );
  }

  function workersOf(stage: string): SimWorker[] {
    return [...world.workers.values()].filter((worker) => worker.stage.id === stage);
  }

  function hangAll(workers: readonly SimWorker[], { fault }: Strike, told: FaultTruth): void {
    for (const worker of workers) {
      struck.add(worker.container.name);
      pipeline.hang(worker);
      healByRestart(worker, fault.healAtMs, told);
    }
    told.members = workers.map(({ container }) => container.name);
  }

  function outage(source: string, expects: readonly string[], set: (isUp: boolean) => void): Act {
    return ({ fault, tell }) => {
      const told = tell({ source }, expects);
      set(false);
      agenda.at(fault.healAtMs, () => {
        told.endedAtMs = agenda.nowMs;
        set(true);
      });
      return true;
    };
  }

  const acts: Readonly<Record<FaultKind, Act>> = {
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
    'slow-stage': ({ fault, tell }) => {
      const stage = pickStage();
      if (stage === undefined) return false;
      const told = tell({ stage }, []);
      pipeline.setSlowness(stage, 4);
      agenda.at(fault.healAtMs, () => {
        told.endedAtMs = agenda.nowMs;
        pipeline.setSlowness(stage, 1);
      });
      return true;
    },
    'understaffed-stage': ({ fault, tell }) => {
      const stage = pickStage((id) => workersOf(id).length >= 4);
      if (stage === undefined) return false;
      const sent = workersOf(stage).filter(
        ({ container }) => container.state === 'running' && !struck.has(container.name),
      );
      const away = sent.slice(0, Math.floor(sent.length * 0.9));
      const told = tell({ stage }, ['QueueGrowing']);
      told.members = away.map(({ container }) => container.name);
      // Until the queue has risen by some, there is nothing to see.
      watchBacklog(stage, told);
      for (const { container } of away) pipeline.kill(container, { exitCode: 0, isAskedFor: true });
      agenda.at(fault.healAtMs, () => {
        told.endedAtMs = agenda.nowMs;
        for (const { container } of away) if (container.state === 'exited') pipeline.launch(container);
      });
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
      pipeline.onJobBegun = (worker) => {
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
      };
      agenda.at(fault.healAtMs, () => {
        if (told) told.endedAtMs = agenda.nowMs;
        pipeline.onJobBegun = undefined;
      });
      return true;
    },
    'mass-hang': (strike) => {
      const stage = pickStage((id) => workersOf(id).filter(isWorking).length >= 3);
      if (stage === undefined) return false;
      const working = workersOf(stage).filter(
        (worker) => isWorking(worker) && !struck.has(worker.container.name),
      );
      if (working.length < 3) return false;
      hangAll(working.slice(0, MASS), strike, strike.tell({ stage }, ['CommonCause']));
      return true;
    },
    'gpu-lost': (strike) => {
      const gpu = random.pick(world.gpus.filter(({ isLost }) => !isLost));
      if (!gpu) return false;
      const told = strike.tell({ gpu: String(gpu.index) }, ['GpuError']);
      gpu.xid79++;
      agenda.after(30_000, () => {
        gpu.isLost = true;
      });
      hangAll(
        [...world.workers.values()].filter((worker) => worker.gpu === gpu.index && isWorking(worker)),
        strike,
        told,
      );
      agenda.at(strike.fault.healAtMs, () => {
        gpu.isLost = false;
      });
      return true;
    },
    'vram-leak': ({ fault, tell }) => {
      const gpu = random.pick([...world.gpus]);
      if (!gpu) return false;
      const told = tell({ gpu: String(gpu.index) }, ['GpuMemoryLeaked', 'GpuMemoryHigh']);
      const grow = (): void => {
        if (agenda.nowMs >= fault.healAtMs) {
          gpu.leakedGib = 0;
          told.endedAtMs = agenda.nowMs;
          return;
        }
        gpu.leakedGib += 0.3;
        agenda.after(MINUTE, grow);
      };
      grow();
      return true;
    },
    'broker-outage': outage('rabbitmq', ['SourceDown'], (isUp) => {
      outages.set('rabbitmq', isUp);
      pipeline.setBroker(isUp);
    }),
    'engine-outage': outage('docker', ['SourceDown'], (isUp) => outages.set('docker', isUp)),
    'dcgm-outage': outage('dcgm', ['SourceDown'], (isUp) => outages.set('dcgm', isUp)),
    'progress-outage': outage('progress', ['SourceDown'], (isUp) => outages.set('progress', isUp)),
    'clock-skew': ({ fault, tell }) => {
      for (const aheadMs of [60 * MINUTE, -60 * MINUTE]) {
        const worker = pickWorker(isWorking);
        if (!worker) return false;
        worker.clockAheadMs = aheadMs;
        const told = tell(subjectOf(worker), aheadMs > 0 ? ['ProgressClockSkewed'] : []);
        agenda.at(fault.healAtMs, () => {
          worker.clockAheadMs = 0;
          told.endedAtMs = agenda.nowMs;
          struck.delete(worker.container.name);
        });
      }
      return true;
    },
    'rolling-deploy': ({ tell }) => {
      const stage = pickStage();
      if (stage === undefined) return false;
      const told = tell({ stage }, []);
      const workers = workersOf(stage).filter(({ container }) => !struck.has(container.name));
      workers.forEach(({ container }, index) => {
        agenda.after(index * 20_000, () => {
          pipeline.kill(container, { exitCode: 143, isAskedFor: true });
          agenda.after(2000, () => pipeline.recreate(container));
        });
      });
      agenda.after(workers.length * 20_000, () => {
        told.endedAtMs = agenda.nowMs;
      });
      return true;
    },
    'scale-up': ({ tell }) => {
      const told = tell({}, []);
      const from = world.orchestrators.size;
      for (let index = 1; index <= 4; index++) {
        pipeline.addOrchestrator(addOrchestrator(world, from + index + 100, agenda.nowMs));
      }
      told.endedAtMs = agenda.nowMs;
      return true;
    },
    'scale-down': ({ tell }) => {
      const told = tell({}, []);
      for (const { container } of [...world.orchestrators.values()].slice(-3)) {
        pipeline.kill(container, { exitCode: 143, isAskedFor: true });
        pipeline.remove(container);
      }
      told.endedAtMs = agenda.nowMs;
      return true;
    },
  };

  /** Before messages wait for a minute on end, an idle worker without a consumer looks like any other. */
  function watchShortage(worker: SimWorker, told: FaultTruth): void {
    let sinceMs: number | undefined;
    told.observableAtMs = Number.POSITIVE_INFINITY;
    const look = (): void => {
      if (told.endedAtMs !== undefined) return;
      const ready = world.queues.get(worker.stage.id)?.ready.length ?? 0;
      sinceMs = ready > 0 ? (sinceMs ?? agenda.nowMs) : undefined;
      if (sinceMs !== undefined && agenda.nowMs - sinceMs >= 90_000) {
        told.observableAtMs = sinceMs;
        return;
      }
      agenda.after(2000, look);
    };
    look();
  }

  function watchBacklog(stage: string, told: FaultTruth): void {
    told.observableAtMs = Number.POSITIVE_INFINITY;
    const from = world.queues.get(stage)?.ready.length ?? 0;
    const startedMs = agenda.nowMs;
    const look = (): void => {
      if (told.endedAtMs !== undefined) return;
      const risen = (world.queues.get(stage)?.ready.length ?? 0) - from;
      if (risen >= 30 && agenda.nowMs - startedMs >= 10 * MINUTE) {
        told.observableAtMs = agenda.nowMs;
        return;
      }
      agenda.after(5000, look);
    };
    look();
  }

  function strike(fault: PlannedFault, tries: number): void {
    const tell: Strike['tell'] = (subject, expects) => {
      const told: FaultTruth = {
        kind: fault.kind,
        ...subject,
        atMs: agenda.nowMs,
        observableAtMs: agenda.nowMs,
        expects,
      };
      truth.push(told);
      return told;
    };
    const lastsMs = fault.healAtMs - fault.atMs;
    const now = { ...fault, healAtMs: agenda.nowMs + lastsMs };
    if (acts[fault.kind]({ fault: now, tell }) || tries >= MAX_TRIES) return;
    agenda.after(RETRY_MS, () => strike(fault, tries + 1));
  }

  return {
    truth,
    schedule(faults) {
      for (const fault of faults) agenda.at(fault.atMs, () => strike(fault, 0));
    },
  };
}
