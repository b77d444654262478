import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import type { Observation } from '../../src/fleet/observations.js';
import { type FaultKind, planFaults } from '../../src/simulation/fault-plan.js';
import { PROFILES, type ProfileName, simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createRandom } from '../../src/simulation/random.js';
import { createSimulation } from '../../src/simulation/simulation.js';

const T0 = 1_763_900_000_000;
const HOUR = 3_600_000;

interface RunOptions {
  readonly seed?: number;
  readonly hours?: number;
  readonly kinds?: readonly FaultKind[];
  readonly profile?: ProfileName;
}

function run({ seed = 1, hours = 1, kinds = [], profile = '2gpu' }: RunOptions = {}) {
  const config = configSchema.parse(simulationConfig(simProfile(profile)));
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const hash = createHash('sha256');
  const plan = { random: createRandom(seed).fork('plan'), startMs: T0 + HOUR / 4, endMs: T0 + HOUR / 2 };
  const simulation = createSimulation({
    profile,
    seed,
    startMs: T0,
    faults: planFaults({ ...plan, kinds }),
    apply(observation: Observation) {
      hash.update(JSON.stringify(observation));
      store.apply(observation);
    },
  });
  simulation.runUntil(T0 + hours * HOUR);
  return { simulation, fleet: store.fleet, digest: hash.copy().digest('hex') };
}

describe('a simulated run', () => {
  it('is the same for the same seed, and another for another', () => {
    const kinds = ['hang', 'crash', 'broker-outage', 'rolling-deploy'] as const;
    const first = run({ kinds });
    assert.equal(run({ kinds }).digest, first.digest);
    assert.notEqual(run({ kinds, seed: 2 }).digest, first.digest);
  });

  for (const [profile, containers, workers, orchestrators] of [
    ['2gpu', 75, 58, 14],
    ['8gpu', 321, 224, 80],
  ] as const) {
    it(`of profile ${profile} has ${containers} containers, ${workers} workers and ${orchestrators} orchestrators`, () => {
      const { fleet, simulation } = run({ profile, hours: 0.1 });
      assert.equal(simulation.world.containers.size, containers);
      assert.equal(fleet.containers.size + fleet.ignored.size, containers);
      assert.equal(fleet.workers.size, workers);
      assert.equal(fleet.orchestrators.size, orchestrators);
    });
  }

  it('is seen by the fleet as it is: jobs, queues and documents add up', () => {
    const { fleet, simulation } = run({ hours: 2 });
    const { stats, queues } = simulation.world;
    const completed = [...fleet.stageWork.values()].reduce((sum, work) => sum + work.jobsCompleted, 0);
    const inHand = [...fleet.workers.values()].filter(({ job }) => job !== undefined).length;
    assert.ok(stats.done > 50, `${stats.done} documents`);
    // A job that ended within the last look is not seen yet.
    assert.ok(Math.abs(completed + inHand - stats.jobs) <= 3, `${completed} + ${inHand} of ${stats.jobs}`);
    for (const queue of queues.values()) {
      assert.equal(queue.published, queue.acked + queue.unacked + queue.ready.length, queue.name);
    }
    const underWay = [...simulation.world.orchestrators.values()].filter(
      ({ document }) => document !== undefined,
    ).length;
    assert.ok(
      Math.abs(stats.started - stats.done - stats.failed - underWay) <= simulation.world.orchestrators.size,
    );
    assert.equal(stats.failed, 0);
  });

  it('has jobs of 30 minutes and more, jobs without units, and steps minutes apart', () => {
    const { fleet } = run({ hours: 3 });
    const jobs = fleet.endedJobs.since(0).map(({ entry }) => entry);
    assert.ok(jobs.some(({ durationMs = 0 }) => durationMs >= HOUR / 2));
    assert.ok(jobs.some(({ stage, lastStepAtMs }) => stage === 'G3_00' && lastStepAtMs === undefined));
    assert.ok(fleet.progressGaps.since(0).some(({ entry: { gapMs } }) => gapMs > 10 * 60_000));
  });

  it('lays out every profile without two containers of one name or id', () => {
    for (const profile of PROFILES) {
      const containers = [...run({ profile, hours: 0.01 }).simulation.world.containers.values()];
      assert.equal(new Set(containers.map(({ id }) => id)).size, containers.length);
    }
  });
});

describe('a fault', () => {
  for (const [kind, isSeen] of [
    ['hang', ({ container = '' }, { fleet }) => (fleet.cpu.get(container)?.recentSeconds ?? 1) === 0],
    ['crash', ({ container = '' }, { fleet }) => fleet.containers.get(container)?.lastEnd?.exitCode === 139],
    ['oom', ({ container = '' }, { fleet }) => fleet.containers.get(container)?.lastEnd?.reason === 'oom'],
    ['crash-with-sentinel', (_told, { fleet }) => fleet.sentinels.failures.size === 1],
    ['broker-outage', (_told, { fleet }) => (fleet.sources.get('rabbitmq')?.failures.unreachable ?? 0) > 0],
    ['engine-outage', (_told, { fleet }) => (fleet.sources.get('docker')?.failures.unreachable ?? 0) > 0],
    ['gpu-lost', (_told, { fleet }) => fleet.lostGpus.size === 1],
    ['vram-leak', ({ gpu }, { simulation }) => (simulation.world.gpus[Number(gpu)]?.leakedGib ?? 0) > 1],
    ['clock-skew', ({ container = '' }, { fleet }) => fleet.containers.has(container)],
    ['scale-up', (_told, { fleet }) => fleet.orchestrators.size === 18],
    ['scale-down', (_told, { fleet }) => fleet.orchestrators.size === 11],
  ] as const satisfies readonly (readonly [
    FaultKind,
    (told: { container?: string; gpu?: string }, seen: ReturnType<typeof run>) => boolean,
  ])[]) {
    it(`of kind ${kind} shows in what sources tell`, () => {
      const result = run({ kinds: [kind], hours: 0.6, seed: 3 });
      const [told] = result.simulation.truth;
      assert.equal(told?.kind, kind);
      assert.ok(isSeen(told, result), JSON.stringify([told, result.fleet.orchestrators.size]));
    });
  }

  it('of a poisoned document kills worker after worker', () => {
    const { simulation } = run({ kinds: ['poison-document'], hours: 1 });
    const [told] = simulation.truth;
    assert.ok((told?.members?.length ?? 0) >= 2, JSON.stringify(told));
  });

  it('of a hung worker is cured by a restart, and its message goes to another', () => {
    const { simulation, fleet } = run({ kinds: ['hang'], hours: 0.55 });
    const [told] = simulation.truth;
    const name = told?.container ?? '';
    assert.equal(simulation.world.workers.get(name)?.mode, 'hung');
    assert.ok(simulation.restart(name));
    simulation.runUntil(simulation.nowMs + HOUR / 2);
    assert.notEqual(simulation.world.workers.get(name)?.mode, 'hung');
    assert.equal(fleet.containers.get(name)?.counters.restarts.other, 1);
    assert.equal(simulation.restart('nobody'), false);
  });
});
