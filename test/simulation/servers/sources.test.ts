import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { createClassifier } from '../../../src/fleet/classify.js';
import { createFleetStore } from '../../../src/fleet/fleet-store.js';
import { listStages } from '../../../src/fleet/list-stages.js';
import type { Fleet } from '../../../src/fleet/model.js';
import {
  describeContainer,
  listContainer,
  readBroker,
  readFile,
  readGpuProcesses,
  readGpus,
} from '../../../src/simulation/describe-world.js';
import type { WallTime } from '../../../src/simulation/servers/wall-time.js';
import type { Simulation } from '../../../src/simulation/simulation.js';
import { waitFor } from '../../support/wait-for.js';
import { type WatchedSurroundings, watchSurroundings } from '../../support/watched-surroundings.js';

const MINUTE = 60_000;
/** A stage has lost its workers, one hangs, jobs fail. */
const TROUBLED_MS = 15 * MINUTE;
const STOPPED = ['formula-worker-gpu0-0', 'formula-worker-gpu1-0', 'merge-worker-gpu0-1'];

/** What the simulation says of itself at this moment, put into a fleet in the wall's time. */
function fleetOfWorld(
  { world, nowMs }: Simulation,
  time: WallTime,
  config: WatchedSurroundings['config'],
): Fleet {
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const atMs = time.toWallMs(nowMs);
  const inWallTime = <T extends object>(facts: T): T =>
    Object.fromEntries(
      Object.entries(facts).map(([key, value]) => [
        key,
        key.endsWith('AtMs') ? time.toWallMs(value as number) : (value as unknown),
      ]),
    ) as T;
  const all = [...world.containers.values()];
  const listed = all.map((container) => inWallTime(listContainer(container)));
  store.apply({ kind: 'containers-listed', askedAtMs: atMs, atMs, containers: listed });
  for (const container of all)
    store.apply({ kind: 'container-inspected', atMs, facts: inWallTime(describeContainer(container)) });
  store.apply(readBroker(world, atMs));
  store.apply(readGpus(world, atMs));
  store.apply(readGpuProcesses(world, atMs));
  const changed = [...world.files].flatMap(([name, file]) =>
    readFile(name, { report: inWallTime(file.report), mtimeMs: time.toWallMs(file.mtimeMs) }),
  );
  store.apply({ kind: 'progress-swept', atMs, isComplete: true, changed, removed: [], skipped: 0 });
  return store.fleet;
}

/** In order of their names; times to the millisecond, for files hold no finer ones. */
function pick<T extends object>(all: Iterable<T>, keys: readonly (keyof T & string)[]): readonly object[] {
  return [...all]
    .map((one) =>
      Object.fromEntries(
        keys.map((key) => {
          const value: unknown = one[key];
          return [key, key.endsWith('AtMs') && value !== undefined ? Math.round(Number(value)) : value];
        }),
      ),
    )
    .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

describe('the daemon’s sources, on the simulation’s servers and files', () => {
  let watched: WatchedSurroundings;
  let told: Fleet;
  let seen: Fleet;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const test = { after: (task: unknown) => cleanups.unshift(task as () => unknown) } as Pick<
      TestContext,
      'after'
    >;
    watched = await watchSurroundings(test, {
      troubledMs: TROUBLED_MS,
      isStill: true,
      before: ({ world, pipeline }) => {
        for (const name of STOPPED) {
          const container = world.containers.get(name);
          if (container) pipeline.kill(container, { exitCode: 0, isAskedFor: true });
        }
      },
    });
    const { surroundings, config, harness } = watched;
    told = fleetOfWorld(surroundings.simulation, surroundings.time, config);
    seen = harness.fleet;
    await waitFor('the CPU time of all', () => seen.cpu.size > 0);
  });

  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  it('see every container as it is', () => {
    const keys = ['id', 'name', 'identity', 'image', 'role', 'stage', 'gpu', 'state'] as const;
    const times = ['createdAtMs', 'startedAtMs', 'finishedAtMs', 'lastExitCode'] as const;
    const facts = (fleet: Fleet) => pick(fleet.containers.values(), [...keys, ...times]);
    assert.equal(seen.containers.size, 75);
    assert.deepEqual(facts(seen), facts(told));
    assert.equal(
      [...seen.containers.values()].filter(({ state }) => state === 'exited').length,
      STOPPED.length,
    );
  });

  it('see who holds how much of each GPU', async () => {
    const holdings = (fleet: Fleet) =>
      pick(fleet.gpuHoldings, ['container', 'stage', 'gpu', 'uuid', 'usedBytes'] as const);
    await waitFor('every process to be known', () => seen.gpuOrphans.length === 2);
    assert.equal(seen.gpuHoldings.length, 58 - STOPPED.length);
    assert.deepEqual(holdings(seen), holdings(told));
  });

  it('see every job and every orchestrator as they are', () => {
    const jobs = (fleet: Fleet) =>
      pick(
        [...fleet.workers.values()].map(({ container, stage, job }) => ({
          container,
          stage,
          document: job?.document,
          done: job?.done,
          total: job?.total,
          startedAtMs: job?.startedAtMs,
        })),
        ['container', 'stage', 'document', 'done', 'total', 'startedAtMs'],
      );
    assert.deepEqual(jobs(seen), jobs(told));
    assert.ok([...seen.workers.values()].filter(({ job }) => job !== undefined).length > 2);
    const places = (fleet: Fleet) =>
      pick(fleet.orchestrators.values(), ['container', 'state', 'stage', 'completed', 'document']);
    assert.deepEqual(places(seen), places(told));
  });

  it('see every queue as it is, by both of the broker’s interfaces', () => {
    const figures = (fleet: Fleet) =>
      [...fleet.queues.values()].map(
        ({ name, stage, type, status, ready, unacked, consumers, ...counts }) => ({
          name,
          stage,
          type,
          status,
          figures: [ready, unacked, consumers, counts.published, counts.acked, counts.redelivered].map(
            (figure) => figure?.value,
          ),
        }),
      );
    assert.deepEqual(figures(seen), figures(told));
    assert.deepEqual(
      [...seen.queues.values()].flatMap(({ disagreements }) => disagreements),
      [],
    );
    assert.deepEqual(
      seen.broker?.ways.map(({ via, isUp }) => [via, isUp]),
      [
        ['metrics', true],
        ['management', true],
      ],
    );
    assert.ok(
      (seen.queues.get('//g4_00')?.ready?.value ?? 0) > 3,
      'the queue of the stage that is handed more than it can do',
    );
  });

  it('see every GPU as it is, and which containers the engine gives it', () => {
    const gpus = (fleet: Fleet) =>
      pick(fleet.gpus.values(), [
        'identity',
        'index',
        'device',
        'model',
        'memory',
        'utilizationRatio',
        'temperatureCelsius',
        'powerWatts',
        'lastXid',
      ]);
    assert.deepEqual(gpus(seen), gpus(told));
    assert.equal(seen.gpuLinks.length, 58 - STOPPED.length);
    const worker = [...seen.containers.values()].find(({ name }) => name === 'spine-worker-gpu1-0');
    assert.equal(worker?.gpuRequest?.kind, 'devices');
  });

  it('see failures, with reasons of several kinds, and successes', () => {
    const failures = [...seen.sentinels.failures.values()];
    const stages = new Set(failures.map(({ stage }) => stage));
    assert.deepEqual([...stages], ['G5_00']);
    const reasons = new Set(failures.map(({ reason }) => reason));
    assert.ok(reasons.size >= 3 && !reasons.has('unknown'), [...reasons].join());
    for (const { worker = '', failedAtMs = 0 } of failures) {
      assert.match(worker, /^table-worker-gpu\d-\d$/);
      assert.ok(failedAtMs > Date.now() - MINUTE && failedAtMs <= Date.now());
    }
    assert.ok((seen.sentinels.stages.get('G9_02')?.successes ?? 0) > 50);
  });

  it('see the CPU time of whoever runs, and that a hung worker uses none', () => {
    const { world } = watched.surroundings.simulation;
    const running = [...world.containers.values()].filter(({ state }) => state === 'running');
    assert.deepEqual(
      [...seen.cpu.values()].map(({ container }) => container).sort(),
      running.map(({ name }) => name).sort(),
    );
    assert.ok(
      [...world.workers.values()].some(({ mode, container }) => mode === 'hung' && container.cores === 0),
    );
  });
});
