/** What 3,300 workers cost the event loop: taking a sweep in, and bringing the picture up to date. */

import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore } from '../src/fleet/fleet-store.js';
import type { ContainerFacts } from '../src/fleet/observations.js';
import { parseProgress } from '../src/fleet/parse-progress.js';

const WORKERS = 3300;
const ROUNDS = 30;
const T0 = 1_763_900_000_000;

export function measurePicture(): Readonly<Record<string, number[]>> {
  const store = createFleetStore(
    createClassifier({
      orchestrators: ['orchestrator-*'],
      infrastructure: { RabbitMQ: ['*rabbitmq*'] },
      stages: [{ id: 'G2_00', workers: ['spine-worker-*'] }],
      docker: { compose_project: null },
    }),
  );
  const names = Array.from({ length: WORKERS }, (_, i) => `paddle-worker-gpu${i % 8}-${i}`);
  names.forEach((name, i) => {
    store.apply({ kind: 'container-inspected', atMs: T0, facts: containerFacts(name, i) });
  });
  const times: Record<string, number[]> = {};
  const measure = (name: string, work: () => unknown): void => {
    const startedMs = performance.now();
    work();
    times[name] = [...(times[name] ?? []), performance.now() - startedMs];
  };
  for (let round = 0; round < ROUNDS; round++) {
    const atMs = T0 + round * 2000;
    const changed = names.map((name) => fileOf(name, round, atMs));
    const sweep = { kind: 'progress-swept', atMs, isComplete: false, removed: [], skipped: 0 } as const;
    measure('sweep of 3,300, all changed', () => store.apply({ ...sweep, changed }));
    measure('picture after it', () => store.fleet.workers.size);
    const some = names.slice(0, 30).map((name) => fileOf(name, round + 0.5, atMs + 1));
    measure('sweep, 30 changed', () => store.apply({ ...sweep, atMs: atMs + 1, changed: some }));
    measure('picture after it, 30', () => store.fleet.workers.size);
    store.apply({ kind: 'container-event', event: { id: idOf(7), action: 'oom', atMs } });
    measure('picture after a container event', () => store.fleet.workers.size);
    store.apply({ kind: 'container-vanished', id: idOf(9) });
    measure('picture after a container went', () => store.fleet.workers.size);
    store.apply({ kind: 'container-inspected', atMs, facts: containerFacts(names[9] ?? '', 9) });
    measure('picture after a container came', () => store.fleet.workers.size);
  }
  return times;
}

function idOf(index: number): string {
  return index.toString(16).padStart(12, '0').repeat(5);
}

function containerFacts(name: string, index: number): ContainerFacts {
  return {
    id: idOf(index),
    name,
    image: 'box:1',
    labels: {},
    createdAtMs: T0,
    state: 'running',
    restartCount: 0,
    hasRestartPolicy: false,
    startedAtMs: T0,
    exitCode: 0,
    isOomKilled: false,
  };
}

function fileOf(name: string, done: number, atMs: number) {
  const body = {
    schema: 1,
    role: 'worker',
    name,
    stage: 'G3_02',
    state: 'running',
    document: `PMC-${name}`,
    done,
    total: 400,
    unit: 'page',
    message: 'reading the page',
    started_at: T0 / 1000 - 60,
    updated_at: atMs / 1000,
  };
  return { name, mtimeMs: atMs, reading: parseProgress(JSON.stringify(body), name) };
}
