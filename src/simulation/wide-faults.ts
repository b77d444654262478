/** Faults that strike a stage, a GPU, the host or the watcher's view of them, and what only looks like a fault. */

import type { SourceName } from '../fleet/model.js';
import type { FailureFault } from './failure-faults.js';
import type { ConditionKind, FaultKind } from './fault-plan.js';
import { type Act, type FaultTools, isWorking, type Strike } from './fault-tools.js';
import { meanJobMs } from './job-plan.js';
import type { FaultTruth } from './truth.js';
import type { WorkerFault } from './worker-faults.js';
import { addOrchestrator, type SimWorker } from './world.js';

const MINUTE = 60_000;
const MASS = 20;
/** So many times what the stage can do comes in, beside what its orchestrators send. */
const RESUBMITTED = 1.5;

export function wideFaults(
  tools: FaultTools,
): Readonly<Record<Exclude<FaultKind, WorkerFault | FailureFault | ConditionKind>, Act>> {
  const { pipeline, agenda, random, outages, struck, healByRestart, isAimedAt } = tools;
  const { world } = pipeline;

  function pickStage(isFit: (stage: string) => boolean = () => true): string | undefined {
    return random.pick(
      world.profile.stages
        .filter(({ share, id }) => share === 1 && isAimedAt(id) && isFit(id))
        .map(({ id }) => id),
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

  function outage(source: SourceName, expects: readonly string[], set: (isUp: boolean) => void): Act {
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

  return {
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
    resubmission: ({ fault, tell }) => {
      const stage = world.profile.stages.find(({ id }) => id === pickStage());
      if (!stage) return false;
      const told = tell({ stage: stage.id }, ['QueueGrowing']);
      watchBacklog(stage.id, told);
      const everyMs = meanJobMs(stage) / (workersOf(stage.id).length * RESUBMITTED);
      const submit = (): void => {
        if (agenda.nowMs >= fault.healAtMs) {
          told.endedAtMs = agenda.nowMs;
          return;
        }
        pipeline.submit(stage);
        agenda.after(everyMs, submit);
      };
      submit();
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
}
