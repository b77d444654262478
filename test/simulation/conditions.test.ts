/** Conditions of the field strike as their labels say, and leave the plans of faults as they were. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import {
  CONDITION_KINDS,
  type ConditionKind,
  FAULT_KINDS,
  planConditions,
  planFaults,
} from '../../src/simulation/fault-plan.js';
import type { SimSentinel } from '../../src/simulation/pipeline-model.js';
import { simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createRandom } from '../../src/simulation/random.js';
import { createSimulation, type Simulation } from '../../src/simulation/simulation.js';

const T0 = 1_763_900_000_000;
const MINUTE = 60_000;

function run(kind: ConditionKind, lastsMinutes: number) {
  const store = createFleetStore(createClassifier(configSchema.parse(simulationConfig(simProfile('2gpu')))));
  store.apply({
    kind: 'stages-configured',
    stages: listStages(configSchema.parse(simulationConfig(simProfile('2gpu')))),
  });
  const sentinels: (SimSentinel & { readonly atMs: number })[] = [];
  const simulation: Simulation = createSimulation({
    profile: '2gpu',
    seed: 5,
    startMs: T0,
    faults: [{ kind, atMs: T0 + 20 * MINUTE, healAtMs: T0 + (20 + lastsMinutes) * MINUTE }],
    apply: store.apply,
    hooks: {
      containerChanged: () => undefined,
      fileChanged: () => undefined,
      sentinelWritten: (sentinel) => sentinels.push({ ...sentinel, atMs: simulation.nowMs }),
    },
  });
  const passTo = (minutes: number): void => simulation.runUntil(T0 + minutes * MINUTE);
  return { simulation, sentinels, fleet: store.fleet, passTo };
}

function addUp({ world }: Simulation): void {
  for (const { name, published, acked, unacked, ready } of world.queues.values())
    assert.equal(published, acked + unacked + ready.length, name);
}

describe('a condition of the field', () => {
  it('is drawn from a list of its own, so that plans of faults stay as they are', () => {
    const span = { startMs: T0, endMs: T0 + 60 * MINUTE };
    const faults: readonly string[] = FAULT_KINDS;
    assert.deepEqual(
      CONDITION_KINDS.filter((kind) => faults.includes(kind)),
      [],
    );
    const planned = planFaults({ random: createRandom(1), ...span }).map(({ kind }) => kind);
    assert.deepEqual([...new Set(planned)].toSorted(), FAULT_KINDS.toSorted());
    const conditions = planConditions({ random: createRandom(1), ...span, watchFromMs: T0 });
    assert.deepEqual([...new Set(conditions.map(({ kind }) => kind))].toSorted(), CONDITION_KINDS.toSorted());
  });

  it('naive-clock: one worker writes times five hours ahead, one five hours behind, and both work on', () => {
    const { simulation, passTo } = run('naive-clock', 60);
    passTo(45);
    const aheadHours = simulation.truth.map(({ container = '' }) => {
      const { report, mtimeMs } = simulation.world.files.get(container) ?? {
        report: { updatedAtMs: 0 },
        mtimeMs: 0,
      };
      return ((report.updatedAtMs ?? 0) - mtimeMs) / (60 * MINUTE);
    });
    assert.deepEqual(aheadHours, [5, -5]);
  });

  for (const kind of ['quiet-call', 'quiet-call-with-traffic'] as const) {
    it(`${kind}: one page takes 200 s longer, and the job ends well`, () => {
      const { simulation, sentinels, passTo } = run(kind, 30);
      passTo(30);
      const [told] = simulation.truth;
      assert.ok((told?.endedAtMs ?? 0) - (told?.atMs ?? 0) >= 200_000);
      const ended = sentinels.find(
        ({ document, stage }) => document === told?.document && stage === told?.stage,
      );
      assert.equal(ended?.outcome, 'success');
      assert.equal(told?.forbids?.includes('WorkerStuck'), true);
    });
  }

  it('censored-jobs: three jobs of a fast stage are still running half an hour later', () => {
    const { simulation, passTo } = run('censored-jobs', 30);
    passTo(50);
    const [told] = simulation.truth;
    const long = [...simulation.world.workers.values()].filter(
      ({ stage, job }) => stage.id === told?.stage && job && simulation.nowMs - job.startedAtMs > 15 * MINUTE,
    );
    assert.ok(long.length >= 2, String(long.length));
  });

  it('queues-by-design: queues of no stage hold messages and have no consumer, until they are gone', () => {
    const { fleet, simulation, passTo } = run('queues-by-design', 10);
    passTo(21);
    const names = simulation.truth.map(({ queue }) => queue);
    const seen = [...fleet.queues.values()].filter(({ name }) => names.includes(name));
    assert.equal(seen.length, 7);
    for (const { ready, consumers } of seen) assert.ok((ready?.value ?? 0) > 0 && consumers?.value === 0);
    passTo(35);
    assert.deepEqual(simulation.world.byDesignQueues, []);
  });

  it('dead-letters: a queue of no stage grows by one a minute', () => {
    const { simulation, passTo } = run('dead-letters', 30);
    passTo(30.5);
    assert.equal(simulation.world.byDesignQueues[0]?.ready, 11);
  });

  it('redelivered: the worker stays down, and another one finishes its document', () => {
    const { simulation, sentinels, passTo } = run('redelivered', 30);
    passTo(45);
    const [told] = simulation.truth;
    const done = sentinels.find(
      ({ document, stage }) => document === told?.document && stage === told?.stage,
    );
    assert.equal(done?.outcome, 'success');
    assert.notEqual(done?.worker, told?.container);
    addUp(simulation);
  });

  it('poison-crashes: worker after worker of one stage goes down and stays down', () => {
    const { simulation, passTo } = run('poison-crashes', 30);
    passTo(26);
    const [told] = simulation.truth;
    const down = (told?.members ?? []).filter(
      (name) => simulation.world.containers.get(name)?.state === 'exited',
    );
    assert.ok(new Set(down).size >= 3, String(down));
  });

  it('disk-full: jobs end without a sentinel of either kind, and their messages are gone', () => {
    const { simulation, sentinels, passTo } = run('disk-full', 1.5);
    passTo(25);
    const during = sentinels.filter(({ atMs }) => atMs > T0 + 20 * MINUTE && atMs < T0 + 21.5 * MINUTE);
    assert.deepEqual(during, []);
    const waiting = [...simulation.world.orchestrators.values()].filter(
      ({ document, waitsSinceMs }) => document !== undefined && waitsSinceMs < T0 + 21.5 * MINUTE,
    );
    assert.ok(waiting.length >= 5, String(waiting.length));
    addUp(simulation);
  });

  it('standstill: in the end every orchestrator waits, no worker works, and no message waits', () => {
    const { simulation, passTo } = run('standstill', 60);
    passTo(79);
    const [told] = simulation.truth;
    assert.ok(Number.isFinite(told?.observableAtMs), JSON.stringify(told));
  });

  it('stuck-in-kernel: a restart that is asked for fails, and ends the worker later', () => {
    const { simulation, passTo } = run('stuck-in-kernel', 60);
    passTo(25);
    const name = simulation.truth[0]?.container ?? '';
    assert.equal(simulation.restart(name), false);
    assert.equal(simulation.world.containers.get(name)?.state, 'running');
    passTo(34);
    assert.equal(simulation.world.containers.get(name)?.state, 'exited');
  });

  it('half-open-consumer: the broker counts it and loses a message to it, which comes back with its restart', () => {
    const { simulation, fleet, passTo } = run('half-open-consumer', 60);
    passTo(79);
    const [told] = simulation.truth;
    const worker = simulation.world.workers.get(told?.container ?? '');
    assert.ok(worker?.swallowed, JSON.stringify(told));
    assert.equal(worker.mode, 'idle');
    const queue = [...fleet.queues.values()].find(({ name }) => name === worker.stage.id.toLowerCase());
    const up = [...simulation.world.workers.values()].filter(
      ({ stage, hasConsumer }) => stage === worker.stage && hasConsumer,
    );
    assert.equal(queue?.consumers?.value, up.length);
    addUp(simulation);
    passTo(81);
    assert.equal(worker.swallowed, undefined);
    addUp(simulation);
  });
});
