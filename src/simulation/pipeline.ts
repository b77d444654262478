/**
 * How the simulated pipeline lives: orchestrators publish and wait, workers load, take a job, step, and tell how it ended.
 *
 * Long, because each step of a worker's life plans the next, and a death at any of them undoes all: one closure of one state.
 */

import type { Agenda } from './agenda.js';
import { closeDeadConnection, loseToDeadConnections } from './dead-connections.js';
import { createDispatch, jobKey } from './dispatch.js';
import { createPace, planJob } from './job-plan.js';
import type { Death, Pipeline, PipelineHooks } from './pipeline-model.js';
import type { SimStage } from './profile.js';
import type { Random } from './random.js';
import { createSimFiles } from './sim-files.js';
import {
  documentName,
  groupByStage,
  IDLE_CORES,
  newContainerId,
  type SimContainer,
  type SimMessage,
  type SimQueue,
  type SimWorker,
  useCores,
  type World,
} from './world.js';

export interface PipelineOptions {
  readonly world: World;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly hooks: PipelineHooks;
}

const SECOND = 1000;
const HEARTBEAT_MS = 10 * SECOND;
const POLICY_DELAY_MS = 500;
const MAX_DELIVERIES = 5;
const LOADING_CORES = 0.9;
const QUIET_CORES = 0.005;
const MAX_QUIET_MS = 25 * SECOND;

interface StepPlan {
  readonly index: number;
  readonly parts: number;
  readonly meanMs: number;
}

export function createPipeline({ world, agenda, random, hooks }: PipelineOptions): Pipeline {
  const workersByStage = groupByStage(world.workers.values());
  const chance = random.fork('jobs');
  const pace = createPace();
  const finished = new Set<string>();
  let isBrokerUp = true;
  let isDiskFull = false;
  let onJobBegun: ((worker: SimWorker) => boolean) | undefined;

  const queueOf = (stage: SimStage): SimQueue => {
    const queue = world.queues.get(stage.id);
    if (!queue) throw new Error(`no queue for ${stage.id}`);
    return queue;
  };

  /** Does it unless the container has ended or started anew by then. */
  function inLife(container: SimContainer, delayMs: number, happen: () => void): void {
    const { life } = container;
    agenda.after(delayMs, () => {
      if (container.life === life) happen();
    });
  }

  const files = createSimFiles(world, agenda, hooks);
  const { writeProgress } = files;

  const dispatch = createDispatch({
    world,
    agenda,
    random: random.fork('routes'),
    inLife,
    writeFile: files.write,
    removeFile: files.remove,
    isBrokerUp: () => isBrokerUp,
    deliver,
  });

  function launchWorker(worker: SimWorker): void {
    worker.mode = 'loading';
    worker.job = undefined;
    worker.hasConsumer = false;
    useCores(worker.container, LOADING_CORES, agenda.nowMs);
    const loadMs = chance.between(60, worker.stage.gpuMemoryGib > 8 ? 480 : 180) * SECOND;
    inLife(worker.container, loadMs, () => {
      beIdle(worker);
      worker.hasConsumer = isBrokerUp;
      deliver(worker.stage);
    });
  }

  function beIdle(worker: SimWorker): void {
    worker.mode = 'idle';
    worker.job = undefined;
    useCores(worker.container, IDLE_CORES, agenda.nowMs);
  }

  /** Hands waiting messages to idle consumers, one each. */
  function deliver(stage: SimStage): void {
    if (!isBrokerUp) return;
    const queue = queueOf(stage);
    loseToDeadConnections(workersByStage.get(stage.id) ?? [], queue);
    for (const worker of workersByStage.get(stage.id) ?? []) {
      if (queue.ready.length === 0) return;
      if (worker.mode !== 'idle' || !worker.hasConsumer) continue;
      if (worker.isHalfOpen) continue;
      const message = queue.ready.shift();
      if (message) takeMessage(worker, queue, message);
    }
  }

  function takeMessage(worker: SimWorker, queue: SimQueue, message: SimMessage): void {
    if (message.deliveries > 0) queue.redelivered++;
    message.deliveries++;
    // What was done before, or killed too many workers, is acked and let go.
    if (finished.has(jobKey(worker.stage.id, message.document)) || message.deliveries > MAX_DELIVERIES) {
      queue.acked++;
      agenda.after(0, () => deliver(worker.stage));
      return;
    }
    queue.unacked++;
    world.stats.jobs++;
    const { steps, durationMs } = planJob(worker.stage, chance, pace.next(worker.stage.id));
    worker.mode = 'working';
    worker.job = { message, startedAtMs: agenda.nowMs, steps, done: 0 };
    useCores(worker.container, worker.stage.cores * chance.between(0.6, 1.4), agenda.nowMs);
    writeProgress(worker);
    if (onJobBegun?.(worker)) return;
    if (worker.stage.hasHeartbeat) beat(worker, worker.job);
    const parts = steps ?? 1;
    planStep(worker, worker.job, { index: 0, parts, meanMs: durationMs / parts });
  }

  function planStep(worker: SimWorker, job: NonNullable<SimWorker['job']>, plan: StepPlan): void {
    const stepMs = plan.meanMs * chance.between(0.5, 1.5);
    if (chance.isTrue(0.05)) beQuiet(worker, job, Math.min(MAX_QUIET_MS, stepMs * 0.8));
    const waitMs = job.waitMs ?? 0;
    delete job.waitMs;
    if (waitMs > 0) beQuiet(worker, job, waitMs);
    if (job.hasTraffic) job.receivesUntilMs = agenda.nowMs + waitMs;
    inLife(worker.container, waitMs + stepMs, () => {
      if (worker.job !== job || worker.mode !== 'working') return;
      job.done++;
      if (plan.index + 1 >= plan.parts) {
        endJob(worker, job);
        return;
      }
      writeProgress(worker);
      planStep(worker, job, { ...plan, index: plan.index + 1 });
    });
  }

  /** Waits for a disk or a download: a healthy job that uses hardly any CPU for some seconds. */
  function beQuiet(worker: SimWorker, job: SimWorker['job'], quietMs: number): void {
    const { cores } = worker.container;
    useCores(worker.container, QUIET_CORES, agenda.nowMs);
    inLife(worker.container, quietMs, () => {
      if (worker.job === job && worker.mode === 'working') useCores(worker.container, cores, agenda.nowMs);
    });
  }

  function beat(worker: SimWorker, job: SimWorker['job']): void {
    inLife(worker.container, HEARTBEAT_MS, () => {
      if (worker.job !== job || worker.mode === 'hung') return;
      writeProgress(worker);
      beat(worker, job);
    });
  }

  /** Writes how it ended, unless the disk is full: then nobody hears of it. */
  function endJob(worker: SimWorker, job: NonNullable<SimWorker['job']>, error?: string): void {
    const { stage, container } = worker;
    const { document } = job.message;
    const isDone = error === undefined;
    if (!isDiskFull) {
      if (isDone) finished.add(jobKey(stage.id, document));
      hooks.sentinelWritten({
        stage: stage.id,
        document: documentName(document),
        outcome: isDone ? 'success' : 'failure',
        worker: container.name,
        ...(error !== undefined && { error }),
      });
    }
    settle(worker);
    if (!isDiskFull) dispatch.tell(stage.id, document, isDone);
  }

  /** The job is over: file gone, message acked or nacked for good, the next one may come. */
  function settle(worker: SimWorker): void {
    const queue = queueOf(worker.stage);
    files.remove(worker.container.name);
    // A message whose connection broke was taken back already.
    if (worker.hasConsumer && queue.unacked > 0) {
      queue.unacked--;
      queue.acked++;
    }
    beIdle(worker);
    worker.hasConsumer ||= isBrokerUp;
    agenda.after(200, () => deliver(worker.stage));
  }

  function dropWork(worker: SimWorker, { isMessageLost, isAskedFor, isForced }: Death): void {
    const { job, stage, hasConsumer } = worker;
    const queue = queueOf(stage);
    if (job && hasConsumer) {
      queue.unacked--;
      if (isMessageLost) queue.acked++;
      else queue.ready.unshift(job.message);
    }
    closeDeadConnection(worker, queue);
    worker.job = undefined;
    worker.mode = 'down';
    worker.hasConsumer = false;
    // Asked to stop, it takes its file away; killed, it leaves it as it is.
    if (isAskedFor && !isForced) files.remove(worker.container.name);
    agenda.after(300, () => deliver(stage));
  }

  function kill(container: SimContainer, death: Death): void {
    if (container.state === 'exited') return;
    const worker = world.workers.get(container.name);
    useCores(container, 0, agenda.nowMs);
    container.life++;
    container.state = 'exited';
    container.finishedAtMs = agenda.nowMs;
    container.exitCode = death.exitCode;
    container.isOomKilled = death.isOom ?? false;
    if (worker) dropWork(worker, death);
    const orchestrator = world.orchestrators.get(container.name);
    if (orchestrator) orchestrator.document = undefined;
    if (death.isOom) hooks.containerChanged(container, 'oom');
    if (death.isAskedFor && !death.isAnnounced) hooks.containerChanged(container, 'stop');
    hooks.containerChanged(container, 'die');
    if (!container.hasRestartPolicy || death.isAskedFor || death.isHeldDown) return;
    inLife(container, POLICY_DELAY_MS, () => {
      container.restartCount++;
      launch(container);
    });
  }

  function launch(container: SimContainer): void {
    container.life++;
    container.state = 'running';
    container.startedAtMs = agenda.nowMs;
    container.isOomKilled = false;
    container.exitCode = 0;
    container.cpuSeconds = 0;
    useCores(container, IDLE_CORES, agenda.nowMs);
    hooks.containerChanged(container, 'start');
    const worker = world.workers.get(container.name);
    const orchestrator = world.orchestrators.get(container.name);
    if (worker) launchWorker(worker);
    if (orchestrator) inLife(container, 3 * SECOND, () => dispatch.next(orchestrator));
  }

  return {
    world,
    start() {
      for (const worker of world.workers.values()) launchWorker(worker);
      for (const orchestrator of world.orchestrators.values()) {
        inLife(orchestrator.container, chance.between(1, 60) * SECOND, () => dispatch.next(orchestrator));
      }
    },
    kill,
    launch,
    recreate(container) {
      const index = Number(container.life);
      hooks.containerChanged(container, 'destroy');
      container.id = newContainerId(container.name, index);
      container.createdAtMs = agenda.nowMs;
      container.restartCount = 0;
      container.finishedAtMs = undefined;
      hooks.containerChanged(container, 'create');
      launch(container);
    },
    remove(container) {
      world.containers.delete(container.name);
      world.workers.delete(container.name);
      world.orchestrators.delete(container.name);
      files.remove(container.name);
      hooks.containerChanged(container, 'destroy');
    },
    submit(stage) {
      const queue = queueOf(stage);
      queue.published++;
      queue.ready.push({ document: world.stats.started++, deliveries: 0 });
      deliver(stage);
    },
    addOrchestrator(orchestrator) {
      hooks.containerChanged(orchestrator.container, 'create');
      launch(orchestrator.container);
    },
    failJob(worker, error) {
      if (worker.job) endJob(worker, worker.job, error);
    },
    isDoneElsewhere({ stage, job, container }) {
      const document = job?.message.document;
      if (document === undefined) return false;
      const others = (workersByStage.get(stage.id) ?? []).filter((one) => one.container !== container);
      return (
        finished.has(jobKey(stage.id, document)) ||
        others.some((one) => one.mode === 'working' && one.job?.message.document === document)
      );
    },
    hang(worker) {
      worker.mode = 'hung';
      useCores(worker.container, 0, agenda.nowMs);
    },
    livelock(worker) {
      worker.mode = 'livelocked';
      useCores(worker.container, 1, agenda.nowMs);
      if (!worker.stage.hasHeartbeat) beat(worker, worker.job);
    },
    loseConsumer(worker) {
      worker.hasConsumer = false;
    },
    setDisk(isFull) {
      isDiskFull = isFull;
    },
    stretchNext: pace.stretchNext,
    setBroker(isUp) {
      isBrokerUp = isUp;
      for (const worker of world.workers.values()) {
        const queue = queueOf(worker.stage);
        if (!isUp) closeDeadConnection(worker, queue);
        if (!isUp && worker.hasConsumer && worker.job) {
          queue.unacked--;
          queue.ready.unshift(worker.job.message);
        }
        worker.hasConsumer = isUp && worker.mode === 'idle';
      }
      if (isUp) for (const { stage } of world.queues.values()) deliver(stage);
    },
    setSlowness: pace.setSlowness,
    onEachJob(watch) {
      onJobBegun = watch;
    },
  };
}
