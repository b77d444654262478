/** A fleet told of containers, progress, queues, CPU time and GPUs by hand, and judged at chosen moments. */

import { type Config, configSchema } from '../../src/config/schema.js';
import { createEvaluation, type Evaluation, type Outcome } from '../../src/detectors/evaluation.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import type { SourceName } from '../../src/fleet/model.js';
import type { ContainerFacts } from '../../src/fleet/observations.js';
import { parseProgress } from '../../src/fleet/parse-progress.js';
import type { QueueReading } from '../../src/fleet/queue-observations.js';

export const T0 = 1_763_900_000_000;

export interface JudgedFleet {
  readonly store: FleetStore;
  readonly evaluation: Evaluation;
  readonly nowMs: number;
  /** Lets time pass; every source that is up is read again. */
  pass(seconds: number): void;
  /** A source fails from now on, or is read again. */
  setUp(source: SourceName, isUp: boolean): void;
  container(name: string, facts?: Partial<ContainerFacts>): void;
  /** What stands in the file of the name from now on; undefined: it is gone. */
  progress(name: string, content: object | undefined): void;
  queue(name: string, reading: Partial<QueueReading>): void;
  /** What else the broker tells of itself, from now on. */
  tellBroker(more: BrokerTold): void;
  /** CPU time since the container's start. */
  cpu(name: string, usedSeconds: number): void;
  judge(): Outcome;
  /** Passes time in steps of the interval, judging at each; CPU time stands still meanwhile. */
  judgeFor(seconds: number): readonly Outcome[];
  statusOf(name: string): string | undefined;
  /** Ids of the open findings. */
  open(): readonly string[];
}

export interface BrokerTold {
  readonly amqpPorts?: readonly number[];
  readonly amqpUrlPort?: number;
}

const STEP_SECONDS = 5;

/** `config` is written as a user would. All five sources are watched. */
export function createJudgedFleet(config: object = {}): JudgedFleet {
  const settings: Config = configSchema.parse(config);
  const store = createFleetStore(createClassifier(settings));
  store.apply({ kind: 'stages-configured', stages: listStages(settings) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings });
  const down = new Set<SourceName>();
  const queues = new Map<string, QueueReading>();
  let brokerTold: BrokerTold = {};
  const usage = new Map<string, number>();
  let nowMs = T0;

  function read(source: SourceName): void {
    if (!down.has(source)) {
      store.apply({ kind: 'source-read', source, atMs: nowMs, durationMs: 1 });
      return;
    }
    store.apply({ kind: 'source-failed', source, atMs: nowMs, reason: 'unreachable', problem: 'gone' });
  }

  function readAll(): void {
    for (const source of ['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm'] as const) read(source);
    if (!down.has('progress')) sweep({});
    if (!down.has('rabbitmq')) readBroker();
    const readings = [...usage].map(([id, usedSeconds]) => ({ id, usedSeconds }));
    if (!down.has('docker')) store.apply({ kind: 'cpu-read', atMs: nowMs, readings });
  }

  function sweep(files: Readonly<Record<string, object | undefined>>): void {
    const changed = Object.entries(files).flatMap(([name, content]) =>
      content ? [{ name, mtimeMs: nowMs, reading: parseProgress(JSON.stringify(content), name) }] : [],
    );
    const removed = Object.keys(files).filter((name) => files[name] === undefined);
    store.apply({ kind: 'progress-swept', atMs: nowMs, isComplete: false, changed, removed, skipped: 0 });
  }

  function readBroker(): void {
    const { amqpPorts, amqpUrlPort } = brokerTold;
    const reading = {
      via: 'metrics',
      atMs: nowMs,
      isComplete: true,
      queues: [...queues.values()],
      ...(amqpPorts && { amqpPorts }),
    } as const;
    const told = { vhost: '/', readings: [reading], ways: [], consumerTimeoutMs: 7_200_000, leftOutCount: 0 };
    const url = amqpUrlPort === undefined ? {} : { amqpUrlPort };
    store.apply({ kind: 'broker-read', atMs: nowMs, ...told, ...url });
  }

  for (const source of ['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm'] as const) {
    store.apply({ kind: 'source-watched', source, target: source });
  }
  readAll();

  return {
    store,
    evaluation,
    get nowMs() {
      return nowMs;
    },
    pass(seconds) {
      nowMs += seconds * 1000;
      readAll();
    },
    setUp(source, isUp) {
      if (isUp) down.delete(source);
      else down.add(source);
      read(source);
    },
    container(name, facts = {}) {
      const full: ContainerFacts = {
        id: `id-of-${name}`,
        name,
        image: 'box:1',
        labels: {},
        createdAtMs: T0 - 3_600_000,
        startedAtMs: T0 - 3_600_000,
        state: 'running',
        restartCount: 0,
        hasRestartPolicy: false,
        isOomKilled: false,
        ...facts,
      };
      store.apply({ kind: 'container-inspected', atMs: nowMs, facts: full });
    },
    progress(name, content) {
      sweep({ [name]: content });
    },
    queue(name, reading) {
      queues.set(name, { name, status: 'present', ...reading });
      readBroker();
    },
    tellBroker(more) {
      brokerTold = more;
      readBroker();
    },
    cpu(name, usedSeconds) {
      usage.set(`id-of-${name}`, usedSeconds);
    },
    judge: () => evaluation.evaluate(nowMs),
    judgeFor(seconds) {
      const outcomes: Outcome[] = [];
      for (let passed = 0; passed < seconds; passed += STEP_SECONDS) {
        nowMs += STEP_SECONDS * 1000;
        readAll();
        outcomes.push(evaluation.evaluate(nowMs));
      }
      return outcomes;
    },
    statusOf(name) {
      const { workers, orchestrators } = evaluation.verdicts;
      return (workers.get(name) ?? orchestrators.get(name))?.status;
    },
    open: () => [...evaluation.verdicts.findings.keys()],
  };
}
