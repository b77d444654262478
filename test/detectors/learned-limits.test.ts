import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../../src/config/schema.js';
import { createLearnedPace, type StagePace } from '../../src/detectors/learned-pace.js';
import { createQuantileSketch } from '../../src/detectors/quantile-sketch.js';
import { decideLimits } from '../../src/detectors/stage-limits.js';
import { createProgressFleet, T0 } from '../support/progress-fleet.js';

const SECOND = 1000;
const MINUTE = 60_000;

describe('a sketch of durations', () => {
  it('tells quantiles within a tenth above the truth', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 200, max: 10_000_000 }), { minLength: 1, maxLength: 500 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, share) => {
          const sketch = createQuantileSketch();
          for (const duration of durations) sketch.add(duration);
          const sorted = durations.toSorted((a, b) => a - b);
          const truth = sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)] ?? Number.NaN;
          const told = sketch.quantile(share) ?? Number.NaN;
          assert.ok(told >= truth * 0.999 && told <= truth * 1.101, `${told} for ${truth}`);
        },
      ),
    );
  });

  it('lets go of the past', () => {
    const sketch = createQuantileSketch();
    for (let index = 0; index < 4000; index++) sketch.add(600 * SECOND);
    for (let index = 0; index < 16_000; index++) sketch.add(SECOND);
    assert.ok((sketch.quantile(0.9) ?? 0) < 2 * SECOND);
    assert.ok(sketch.weight <= 4001);
  });

  it('is the same after it was saved', () => {
    const sketch = createQuantileSketch();
    for (const duration of [1, 500, 5000, 70_000, 1e12]) sketch.add(duration);
    const again = createQuantileSketch(sketch.save());
    assert.deepEqual([again.weight, again.quantile(0.5)], [sketch.weight, sketch.quantile(0.5)]);
    assert.equal(
      createQuantileSketch([
        [-1, 5],
        [0.5, 1],
        [3, Number.NaN],
      ]).weight,
      0,
    );
  });
});

const detection = (more: object = {}) => configSchema.parse({ detection: more }).detection;
const stageConfig = (more: object) => configSchema.parse({ stages: [{ id: 'G3', ...more }] }).stages[0];

function pace(gapMs: number, gaps: number, jobMs = 0, jobs = 0): StagePace {
  const stage = { gaps: createQuantileSketch(), jobs: createQuantileSketch() };
  for (let index = 0; index < gaps; index++) stage.gaps.add(gapMs);
  for (let index = 0; index < jobs; index++) stage.jobs.add(jobMs);
  return stage;
}

describe('the limits in force', () => {
  const decide = (more: Partial<Parameters<typeof decideLimits>[0]>) =>
    decideLimits({ stage: 'G3', config: undefined, detection: detection(), pace: undefined, ...more });

  it('are the defaults while nothing is known: patient with whoever is busy', () => {
    const { stallMs, origin, livelockMs, maxJobMs, slowJobMs } = decide({});
    assert.deepEqual([stallMs, origin, livelockMs], [5 * MINUTE, 'default', 120 * MINUTE]);
    assert.deepEqual([maxJobMs, slowJobMs], [undefined, undefined]);
  });

  it('are learned from enough steps, not from fewer', () => {
    assert.equal(decide({ pace: pace(30 * SECOND, 49) }).origin, 'default');
    const { stallMs, origin, livelockMs } = decide({ pace: pace(30 * SECOND, 50) });
    assert.equal(origin, 'learned');
    assert.ok(stallMs >= 90 * SECOND && stallMs <= 99 * SECOND, String(stallMs));
    assert.equal(livelockMs, 15 * MINUTE);
  });

  it('keep between floor and ceiling what is learned', () => {
    assert.equal(decide({ pace: pace(SECOND, 1000) }).stallMs, MINUTE);
    assert.equal(decide({ pace: pace(25 * MINUTE, 1000) }).stallMs, 30 * MINUTE);
    assert.equal(decide({ pace: pace(25 * MINUTE, 1000) }).livelockMs, 150 * MINUTE);
  });

  it('are what the user has set, whatever was learned', () => {
    const config = stageConfig({ stall_after: '2m', max_job: '3h' });
    const { stallMs, origin, livelockMs, maxJobMs } = decide({ config, pace: pace(SECOND, 1000) });
    assert.deepEqual([stallMs, origin, livelockMs, maxJobMs], [2 * MINUTE, 'set', 15 * MINUTE, 180 * MINUTE]);
    assert.equal(decide({ config: stageConfig({ livelock_after: '7m' }) }).livelockMs, 7 * MINUTE);
    assert.equal(
      decide({ detection: detection({ learn_limits: false }), pace: pace(SECOND, 99) }).origin,
      'default',
    );
  });

  it('call a job slow that takes twice what 99 in 100 take, once 20 have ended', () => {
    assert.equal(decide({ pace: pace(0, 0, 10 * MINUTE, 19) }).slowJobMs, undefined);
    const slowJobMs = decide({ pace: pace(0, 0, 10 * MINUTE, 20) }).slowJobMs ?? 0;
    assert.ok(slowJobMs >= 20 * MINUTE && slowJobMs <= 22.1 * MINUTE, String(slowJobMs));
  });
});

describe('the pace of a stage', () => {
  const NAME = 'paddle-worker-gpu1-0';
  const running = (done: number) => ({ stage: 'G3', document: 'A', started_at: T0 / 1000, done, total: 3 });

  it('is learned from the steps of its jobs, the last of which ends with the file', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    fleet.look(2, { [NAME]: running(0) });
    fleet.look(12, { [NAME]: running(1) });
    fleet.look(22, { [NAME]: running(2) });
    assert.ok(learned.note(fleet.fleet));
    assert.equal(learned.stages.get('G3')?.gaps.weight, 2);
    fleet.look(52, { [NAME]: undefined });
    assert.ok(learned.note(fleet.fleet));
    assert.ok(!learned.note(fleet.fleet), 'nothing is learned twice');
    const { gaps, jobs } = learned.stages.get('G3') ?? pace(0, 0);
    assert.deepEqual([gaps.weight, jobs.weight], [3, 1]);
    assert.ok((gaps.quantile(1) ?? 0) >= 30 * SECOND && (gaps.quantile(1) ?? 0) <= 33 * SECOND);
  });

  it('learns nothing from a job that was given up for another', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    fleet.look(2, { [NAME]: running(0) });
    fleet.look(3000, { [NAME]: { stage: 'G3', document: 'B', started_at: T0 / 1000 + 2999 } });
    learned.note(fleet.fleet);
    assert.equal(learned.stages.size, 0);
  });

  it('outlives the daemon, and survives what is no pace', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    for (const done of [0, 1, 2]) fleet.look(2 + done * 10, { [NAME]: running(done) });
    learned.note(fleet.fleet);
    const again = createLearnedPace(JSON.parse(JSON.stringify(learned.save())));
    assert.equal(again.stages.get('G3')?.gaps.weight, 2);
    for (const broken of [null, 3, { G3: 7 }, { G3: { gaps: [[1]], jobs: 'x' } }]) {
      assert.doesNotThrow(() => createLearnedPace(broken));
    }
  });
});
