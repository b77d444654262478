/** What the demo promises for its first minute comes whatever the seed, and whenever its daemon was ready. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Config, configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import { demoConfig } from '../../src/simulation/demo-config.js';
import { planDemoFaults } from '../../src/simulation/demo-faults.js';
import { type ProfileName, simProfile } from '../../src/simulation/profile.js';
import { createSimulation } from '../../src/simulation/simulation.js';
import { runDemo } from '../support/demo-run.js';

const START_MS = 1_763_900_000_000;
const MINUTE_MS = 60_000;
/** A second of the demo's, at its usual speed. */
const LOOK_EVERY_MS = 20_000;
/** A minute of the demo's is twenty of the pipeline's. */
const PROMISED_MS = 15 * MINUTE_MS;
const PROMISED = ['FailuresSpiking', 'QueueGrowing', 'WorkerStuck'];

function configOf(profile: ProfileName): Config {
  const nowhere = 'http://127.0.0.1:1';
  return configSchema.parse(
    demoConfig({
      profile: simProfile(profile),
      speed: 1,
      isRecovering: false,
      addresses: {
        listen: '127.0.0.1:0',
        dataDir: '/nonexistent/data',
        engineSocket: '/nonexistent/docker.sock',
        cgroupRoot: '/nonexistent/cgroup',
        metricsUrl: nowhere,
        managementUrl: nowhere,
        dcgmUrl: nowhere,
        nvidiaSmiUrl: nowhere,
        progressDirectory: '/nonexistent/progress',
        sentinelRoot: '/nonexistent/artifacts',
      },
    }),
  );
}

/** Kinds that are found within the time promised, by a daemon that begins to look when trouble begins. */
function findOpening(profile: ProfileName, seed: number, pastMs: number): ReadonlySet<string> {
  const config = configOf(profile);
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const startMs = START_MS + pastMs;
  const faults = planDemoFaults({ startMs, rounds: 0 });
  const simulation = createSimulation({
    profile,
    seed,
    startMs: START_MS,
    faults,
    documents: 1e8,
    apply: store.apply,
  });
  const found = new Set<string>();
  for (let nowMs = startMs; nowMs <= startMs + PROMISED_MS; nowMs += LOOK_EVERY_MS) {
    simulation.runUntil(nowMs);
    for (const { kind } of evaluation.evaluate(nowMs).opened) found.add(kind);
  }
  return found;
}

describe('the opening of the demo', () => {
  for (const [profile, seeds] of [
    ['2gpu', [1, 2, 3, 4, 5, 6]],
    ['8gpu', [1, 2]],
  ] as const) {
    for (const seed of seeds) {
      it(`shows all that is promised: ${profile}, seed ${seed}`, () => {
        const found = findOpening(profile, seed, (90 + seed * 1.3) * MINUTE_MS);
        assert.deepEqual(
          PROMISED.filter((kind) => !found.has(kind)),
          [],
        );
      });
    }
  }
});

describe('two rounds of the demo at its usual speed', () => {
  it('end with no finding open that no fault of it explains, and none lingers for long', () => {
    const SPEED = 60;
    const { openAtEnd, lingering, opened } = runDemo({ profile: '2gpu', seed: 1, speed: SPEED, hours: 20 });
    assert.ok(opened > 20, `${opened} were opened`);
    assert.deepEqual(
      openAtEnd.filter(({ label }) => label === undefined),
      [],
    );
    const long = lingering.filter(({ unexplainedMs }) => unexplainedMs > 2 * SPEED * MINUTE_MS);
    assert.deepEqual(
      long.map(({ finding }) => finding.id),
      [],
    );
  });
});
