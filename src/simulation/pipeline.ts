/** How the simulated pipeline lives: orchestrators publish and wait, workers load, take a job, step, and tell how it ended. */

import type { ProgressReport } from '../fleet/progress-model.js';
import type { Agenda } from './agenda.js';
import type { SimStage } from './profile.js';
import type { Random } from './random.js';
import {
  documentName,
  IDLE_CORES,
  newContainerId,
  type SimContainer,
  type SimMessage,
  type SimOrchestrator,
  type SimQueue,
  type SimWorker,
  useCores,
  type World,
} from './world.js';

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
  /** The message was acked before the work was done, and is gone with the worker. */
  readonly isMessageLost?: boolean;
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
  addOrchestrator(orchestrator: SimOrchestrator): void;
  /** The worker catches an exception: failure sentinel, message given up. */
  failJob(worker: SimWorker, error: string): void;
  /** Stands still as it is: no CPU, no step. */
  hang(worker: SimWorker): void;
  /** Turns in circles: busy, no step; its heartbeat goes on. */
  livelock(worker: SimWorker): void;
  loseConsumer(worker: SimWorker): void;
  setBroker(isUp: boolean): void;
  /** Jobs begun from now on take so many times as long. */
  setSlowness(stage: string, factor: number): void;
  /** Called for each job when it begins; true: it has been dealt with and must not go on. */
  onJobBegun: ((worker: SimWorker) => boolean) | undefined;
}

export interface PipelineOptions {
  readonly world: World;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly hooks: PipelineHooks;
}

const SECOND = 1000;
/** An orchestrator that has waited so long for one stage gives its document up. */
const DISPATCH_TIMEOUT_MS = 30 * 60 * SECOND;
const HEARTBEAT_MS = 10 * SECOND;
const POLICY_DELAY_MS = 500;
const MAX_DELIVERIES = 5;
const LOADING_CORES = 0.9;
const QUIET_CORES = 0.005;
const MAX_QUIET_MS = 25 * SECOND;

export function createPipeline({ world, agenda, random, hooks }: PipelineOptions): Pipeline {
  const workersByStage = new Map<string, SimWorker[]>();
  for (const worker of world.workers.values()) {
    const list = workersByStage.get(worker.stage.id) ?? [];
    list.push(worker);
    workersByStage.set(worker.stage.id, list);
  }
  const routes = random.fork('routes');
  const chance = random.fork('jobs');
  const slowness = new Map<string, number>();
  /** Who waits for the sentinel of a stage and document. */
  const waiters = new Map<string, SimOrchestrator>();
  const finished = new Set<string>();
  let isBrokerUp = true;
  let onJobBegun: Pipeline['onJobBegun'];

  const waitKey = (stage: string, document: number): string => `${stage}:${document}`;
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

  function writeFile(name: string, report: ProgressReport): void {
    world.files.set(name, { report, mtimeMs: agenda.nowMs });
    hooks.fileChanged(name);
  }

  function removeFile(name: string): void {
    if (world.files.delete(name)) hooks.fileChanged(name);
  }

  function writeProgress({ container, stage, job, clockAheadMs }: SimWorker): void {
    if (!job) return;
    writeFile(container.name, {
      name: container.name,
      role: 'worker',
      stage: stage.id,
      state: 'running',
      document: documentName(job.message.document),
      ...(job.steps !== undefined && { done: job.done, total: job.steps, unit: 'page' }),
      startedAtMs: job.startedAtMs + clockAheadMs,
      updatedAtMs: agenda.nowMs + clockAheadMs,
    });
  }

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
    for (const worker of workersByStage.get(stage.id) ?? []) {
      if (queue.ready.length === 0) return;
      if (worker.mode !== 'idle' || !worker.hasConsumer) continue;
      const message = queue.ready.shift();
      if (message) takeMessage(worker, queue, message);
    }
  }

  function takeMessage(worker: SimWorker, queue: SimQueue, message: SimMessage): void {
    if (message.deliveries > 0) queue.redelivered++;
    message.deliveries++;
    // What was done before, or killed too many workers, is acked and let go.
    if (finished.has(waitKey(worker.stage.id, message.document)) || message.deliveries > MAX_DELIVERIES) {
      queue.acked++;
      agenda.after(0, () => deliver(worker.stage));
      return;
    }
    queue.unacked++;
    world.stats.jobs++;
    const { steps, durationMs } = planJob(worker.stage);
    worker.mode = 'working';
    worker.job = { message, startedAtMs: agenda.nowMs, steps, done: 0 };
    useCores(worker.container, worker.stage.cores * chance.between(0.6, 1.4), agenda.nowMs);
    writeProgress(worker);
    if (onJobBegun?.(worker)) return;
    if (worker.stage.hasHeartbeat) beat(worker, worker.job);
    const parts = steps ?? 1;
    planStep(worker, worker.job, { index: 0, parts, meanMs: durationMs / parts });
  }

  function planJob({ id, habit, jobTime }: SimStage): { steps: number | undefined; durationMs: number } {
    const seconds =
      'median' in jobTime
        ? Math.min(chance.lognormal(jobTime.median, jobTime.sigma), jobTime.median * 6)
        : chance.between(jobTime.from, jobTime.to);
    const steps = { fine: chance.integer(12, 40), coarse: chance.integer(3, 5), none: undefined }[habit];
    return { steps, durationMs: Math.max(3, seconds) * SECOND * (slowness.get(id) ?? 1) };
  }

  interface StepPlan {
    readonly index: number;
    readonly parts: number;
    readonly meanMs: number;
  }

  function planStep(worker: SimWorker, job: NonNullable<SimWorker['job']>, plan: StepPlan): void {
    const stepMs = plan.meanMs * chance.between(0.5, 1.5);
    if (chance.isTrue(0.05)) beQuiet(worker, job, Math.min(MAX_QUIET_MS, stepMs * 0.8));
    inLife(worker.container, stepMs, () => {
      if (worker.job !== job || worker.mode !== 'working') return;
      job.done++;
      if (plan.index + 1 >= plan.parts) {
        finishJob(worker, job);
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

  function finishJob(worker: SimWorker, job: NonNullable<SimWorker['job']>): void {
    const { stage, container } = worker;
    const { document } = job.message;
    finished.add(waitKey(stage.id, document));
    hooks.sentinelWritten({
      stage: stage.id,
      document: documentName(document),
      outcome: 'success',
      worker: container.name,
    });
    settle(worker);
    tell(stage.id, document, true);
  }

  function failJob(worker: SimWorker, error: string): void {
    const { stage, container, job } = worker;
    if (!job) return;
    const { document } = job.message;
    hooks.sentinelWritten({
      stage: stage.id,
      document: documentName(document),
      outcome: 'failure',
      worker: container.name,
      error,
    });
    settle(worker);
    tell(stage.id, document, false);
  }

  /** The job is over: file gone, message acked or nacked for good, the next one may come. */
  function settle(worker: SimWorker): void {
    const queue = queueOf(worker.stage);
    removeFile(worker.container.name);
    // A message whose connection broke was taken back already.
    if (worker.hasConsumer && queue.unacked > 0) {
      queue.unacked--;
      queue.acked++;
    }
    beIdle(worker);
    worker.hasConsumer ||= isBrokerUp;
    agenda.after(200, () => deliver(worker.stage));
  }

  function tell(stage: string, document: number, isDone: boolean): void {
    const orchestrator = waiters.get(waitKey(stage, document));
    waiters.delete(waitKey(stage, document));
    if (orchestrator?.document !== document) return;
    inLife(orchestrator.container, 500, () => {
      if (isDone) advance(orchestrator);
      else giveUp(orchestrator);
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
    while (stages[place] && !routes.isTrue(stages[place]?.share ?? 1)) place++;
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
    if (!isBrokerUp) {
      inLife(orchestrator.container, 5 * SECOND, () => publish(orchestrator, stage, document));
      return;
    }
    const queue = queueOf(stage);
    queue.published++;
    queue.ready.push({ document, deliveries: 0 });
    orchestrator.waitsSinceMs = agenda.nowMs;
    waiters.set(waitKey(stage.id, document), orchestrator);
    writeOrchestrator(orchestrator, 'waiting');
    const since = orchestrator.waitsSinceMs;
    inLife(orchestrator.container, DISPATCH_TIMEOUT_MS + jobAllowance(stage), () => {
      const isSame = orchestrator.document === document && orchestrator.waitsSinceMs === since;
      if (isSame && waiters.delete(waitKey(stage.id, document))) giveUp(orchestrator);
    });
    deliver(stage);
  }

  /** Stages whose jobs are long are waited for accordingly. */
  function jobAllowance({ jobTime }: SimStage): number {
    return 'to' in jobTime ? 3 * jobTime.to * SECOND : 0;
  }

  function giveUp(orchestrator: SimOrchestrator): void {
    world.stats.failed++;
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

  function dropWork(worker: SimWorker, { isMessageLost = false, isAskedFor = false }: Death): void {
    const { job, stage, hasConsumer } = worker;
    const queue = queueOf(stage);
    if (job && hasConsumer) {
      queue.unacked--;
      if (isMessageLost) queue.acked++;
      else queue.ready.unshift(job.message);
    }
    worker.job = undefined;
    worker.mode = 'down';
    worker.hasConsumer = false;
    // Asked to stop, it takes its file away; killed, it leaves it as it is.
    if (isAskedFor) removeFile(worker.container.name);
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
    if (death.isAskedFor) hooks.containerChanged(container, 'stop');
    hooks.containerChanged(container, 'die');
    if (!container.hasRestartPolicy || death.isAskedFor) return;
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
    if (orchestrator) inLife(container, 3 * SECOND, () => nextDocument(orchestrator));
  }

  return {
    world,
    start() {
      for (const worker of world.workers.values()) launchWorker(worker);
      for (const orchestrator of world.orchestrators.values()) {
        inLife(orchestrator.container, chance.between(1, 60) * SECOND, () => nextDocument(orchestrator));
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
      removeFile(container.name);
      hooks.containerChanged(container, 'destroy');
    },
    addOrchestrator(orchestrator) {
      hooks.containerChanged(orchestrator.container, 'create');
      launch(orchestrator.container);
    },
    failJob,
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
    setBroker(isUp) {
      isBrokerUp = isUp;
      for (const worker of world.workers.values()) {
        const queue = queueOf(worker.stage);
        if (!isUp && worker.hasConsumer && worker.job) {
          queue.unacked--;
          queue.ready.unshift(worker.job.message);
        }
        worker.hasConsumer = isUp && worker.mode === 'idle';
      }
      if (isUp) for (const { stage } of world.queues.values()) deliver(stage);
    },
    setSlowness(stage, factor) {
      slowness.set(stage, factor);
    },
    get onJobBegun() {
      return onJobBegun;
    },
    set onJobBegun(next) {
      onJobBegun = next;
    },
  };
}
