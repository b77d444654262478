import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../../src/config/schema.js';
import { createLearnedPace, type PaceContext, type StagePace } from '../../src/detectors/learned-pace.js';
import { createQuantileSketch } from '../../src/detectors/quantile-sketch.js';
import { decideLimits, learnedLimit } from '../../src/detectors/stage-limits.js';
import { createStepTail } from '../../src/detectors/step-tail.js';
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

/** So many steps of so long, and so many jobs, none of which went beyond what was learned. */
function pace(gapMs: number, gaps: number, jobMs = MINUTE, jobs = 400): StagePace {
  const stage = {
    gaps: createQuantileSketch(),
    jobs: createQuantileSketch(),
    cut: createQuantileSketch(),
    tail: createStepTail(),
  };
  for (let index = 0; index < gaps; index++) stage.gaps.add(gapMs);
  for (let index = 0; index < jobs; index++) {
    stage.jobs.add(jobMs);
    stage.tail.noteJob();
  }
  return stage;
}

const CONTEXT: PaceContext = {
  learned: (of) => learnedLimit(of, detection()),
  isDisturbed: () => false,
};

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

  it('are learned from enough jobs, not from the steps of a few', () => {
    const ofFewJobs = decide({ pace: pace(2 * SECOND, 5000, MINUTE, 19) });
    assert.deepEqual([ofFewJobs.stallMs, ofFewJobs.learnedMs], [5 * MINUTE, undefined]);
    assert.equal(decide({ pace: pace(2 * SECOND, 5000, MINUTE, 20) }).learnedMs, MINUTE);
  });

  it('are not shorter than the default before they have held for many jobs', () => {
    const young = decide({ pace: pace(2 * SECOND, 5000, MINUTE, 299) });
    assert.deepEqual([young.stallMs, young.origin, young.learnedMs], [5 * MINUTE, 'default', MINUTE]);
    assert.equal(young.livelockMs, 25 * MINUTE);
    const proven = decide({ pace: pace(2 * SECOND, 5000, MINUTE, 300) });
    assert.deepEqual([proven.stallMs, proven.origin], [MINUTE, 'learned']);
    assert.equal(
      decide({ pace: pace(4 * MINUTE, 100, 60 * MINUTE, 20) }).origin,
      'learned',
      'a longer one is',
    );
    const bold = detection({ learned_proof: 0 });
    assert.equal(decide({ detection: bold, pace: pace(2 * SECOND, 50, MINUTE, 20) }).origin, 'learned');
  });

  it('are longer, and not proven, once a step went beyond them and moved on by itself', () => {
    const stage = pace(2 * SECOND, 5000);
    stage.tail.noteStep(200 * SECOND, learnedLimit(stage, detection()));
    const { stallMs, origin, learnedMs } = decide({ pace: stage });
    assert.deepEqual([stallMs, origin, learnedMs], [5 * MINUTE, 'learned', 5 * MINUTE]);
    for (let index = 0; index < 299; index++) stage.tail.noteJob();
    stage.tail.noteStep(90 * SECOND, learnedLimit(stage, detection()));
    for (let index = 0; index < 2999; index++) stage.tail.noteJob();
    assert.equal(decide({ pace: stage }).stallMs, 5 * MINUTE, 'a long step is remembered while others come');
    stage.tail.noteJob();
    assert.equal(decide({ pace: stage }).stallMs, MINUTE);
  });

  it('wait for the default again where the longer one is still shorter', () => {
    const stage = pace(2 * SECOND, 5000);
    stage.tail.noteStep(80 * SECOND, learnedLimit(stage, detection()));
    assert.deepEqual(
      [decide({ pace: stage }).stallMs, decide({ pace: stage }).learnedMs],
      [5 * MINUTE, 120 * SECOND],
    );
    stage.tail.noteStep(110 * SECOND, learnedLimit(stage, detection()));
    for (let index = 0; index < 300; index++) stage.tail.noteJob();
    assert.equal(decide({ pace: stage }).stallMs, 165 * SECOND);
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

  it('call no job slow that moves before one that stands still would be stuck by default', () => {
    const short = decide({ pace: pace(SECOND, 1000, 10 * SECOND, 400) });
    assert.deepEqual([short.stallMs, short.slowJobMs], [MINUTE, 5 * MINUTE]);
  });
});

describe('how long jobs take', () => {
  const slowAfter = (stage: StagePace, running: readonly number[] = []) =>
    decideLimits({ stage: 'G3', config: undefined, detection: detection(), pace: stage, running }).slowJobMs;

  it('is not known from those that have ended alone: those in hand take at least as long as they have run', () => {
    const stage = pace(0, 0, 10 * SECOND, 20);
    const long = [10 * MINUTE, 11 * MINUTE, 12 * MINUTE];
    assert.equal(slowAfter(stage, long), undefined);
    assert.equal(slowAfter(stage, [3 * SECOND, 4 * SECOND, 5 * SECOND]), slowAfter(stage));
    for (let index = 0; index < 3; index++) stage.jobs.add(12 * MINUTE);
    assert.ok((slowAfter(stage, long) ?? 0) >= 24 * MINUTE);
  });

  it('lets the one that outlasts all others be slow', () => {
    const stage = pace(0, 0, 10 * SECOND, 20);
    assert.equal(slowAfter(stage, [60 * MINUTE]), slowAfter(stage));
    assert.equal(slowAfter(stage, [60 * MINUTE, 61 * MINUTE]), undefined);
    const many = pace(0, 0, 10 * SECOND, 1000);
    assert.equal(slowAfter(many, [60 * MINUTE, 61 * MINUTE, 62 * MINUTE]), slowAfter(many));
  });

  it('counts those that were killed or failed for as long as they moved', () => {
    const stage = pace(0, 0, 10 * SECOND, 20);
    for (let index = 0; index < 5; index++) stage.cut.add(20 * MINUTE);
    assert.equal(slowAfter(stage), undefined);
  });

  it('agrees with Kaplan and Meier', () => {
    const ended = createQuantileSketch();
    const longer = createQuantileSketch();
    // Survival after 1 s: 4/5; after 3 s, one left out at 2 s: 4/5 × 2/3; after 5 s, one left out at 4 s: 0.
    for (const seconds of [1, 3, 5]) ended.add(seconds * SECOND);
    for (const seconds of [2, 4]) longer.add(seconds * SECOND);
    const at = (share: number): number => Math.floor((ended.quantile(share, longer) ?? 0) / SECOND);
    assert.deepEqual([0.2, 0.21, 0.46, 0.47, 1].map(at), [1, 3, 3, 5, 5]);
  });
});

describe('the pace of a stage', () => {
  const NAME = 'paddle-worker-gpu1-0';
  const running = (done: number) => ({ stage: 'G3', document: 'A', started_at: T0 / 1000, done, total: 3 });

  it('is not learned from a job whose worker was restarted long after its last step', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    const context: PaceContext = { ...CONTEXT, learned: () => ({ paceMs: MINUTE, limitMs: MINUTE }) };
    fleet.look(0);
    fleet.look(2, { [NAME]: running(0) });
    fleet.look(12, { [NAME]: running(1) });
    fleet.look(2712, { [NAME]: undefined });
    learned.note(fleet.fleet, context);
    assert.equal(learned.stages.get('G3')?.tail.longestMs, 10 * SECOND);
  });

  it('is not learned from what passed while the folder could not be read', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    fleet.look(2, { [NAME]: running(0) });
    fleet.look(12, { [NAME]: running(1) });
    const isAway = { source: 'progress', atMs: T0, reason: 'unreachable', problem: 'gone' } as const;
    fleet.apply({ kind: 'source-failed', ...isAway });
    fleet.look(500, { [NAME]: running(2) });
    fleet.apply({ kind: 'source-failed', ...isAway });
    fleet.look(1000, { [NAME]: undefined });
    learned.note(fleet.fleet, CONTEXT);
    const pace = learned.stages.get('G3');
    assert.deepEqual([pace?.gaps.weight, pace?.tail.longestMs], [1, 10 * SECOND]);
  });

  it('is learned from the steps of its jobs, the last of which ends with the file', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    fleet.look(2, { [NAME]: running(0) });
    fleet.look(12, { [NAME]: running(1) });
    fleet.look(22, { [NAME]: running(2) });
    assert.ok(learned.note(fleet.fleet, CONTEXT));
    assert.equal(learned.stages.get('G3')?.gaps.weight, 2);
    fleet.look(52, { [NAME]: undefined });
    assert.ok(learned.note(fleet.fleet, CONTEXT));
    assert.ok(!learned.note(fleet.fleet, CONTEXT), 'nothing is learned twice');
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
    learned.note(fleet.fleet, CONTEXT);
    const given = learned.stages.get('G3') ?? pace(0, 0);
    assert.deepEqual([given.gaps.weight, given.jobs.weight, given.tail.jobsWithin], [0, 0, 0]);
  });

  it('knows of a job that was cut short how long it had moved', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    fleet.look(2, { [NAME]: running(0) });
    fleet.look(62, { [NAME]: running(1) });
    fleet.look(3000, { [NAME]: { stage: 'G3', document: 'B', started_at: T0 / 1000 + 2999 } });
    learned.note(fleet.fleet, CONTEXT);
    const cut = learned.stages.get('G3')?.cut;
    assert.equal(cut?.weight, 1);
    assert.ok((cut?.quantile(1) ?? 0) < 70 * SECOND, 'not for how long it stood still');
  });

  it('takes no step for its own that a common cause held up', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    for (const done of [0, 1]) fleet.look(2 + done * 500, { [NAME]: running(done) });
    learned.note(fleet.fleet, { ...CONTEXT, isDisturbed: (stage) => stage === 'G3' });
    const { gaps, tail } = learned.stages.get('G3') ?? pace(0, 0);
    assert.deepEqual([gaps.weight, tail.longestMs], [1, 0]);
  });

  it('outlives the daemon, and survives what is no pace', () => {
    const fleet = createProgressFleet();
    const learned = createLearnedPace();
    fleet.look(0);
    for (const done of [0, 1, 2]) fleet.look(2 + done * 10, { [NAME]: running(done) });
    learned.note(fleet.fleet, CONTEXT);
    const saved: unknown = JSON.parse(JSON.stringify(learned.save()));
    const again = createLearnedPace(saved);
    assert.equal(again.stages.get('G3')?.gaps.weight, 2);
    assert.deepEqual(again.save(), saved);
    const old = createLearnedPace({ G3: { gaps: [[40, 60]], jobs: [[60, 400]] } }).stages.get('G3');
    assert.ok(
      old && old.tail.longestMs > 4 * SECOND,
      'what an earlier version saved has no proof, but its longest step',
    );
    assert.deepEqual([old.jobs.weight, old.cut.weight, old.tail.jobsWithin], [400, 0, 0]);
    for (const broken of [
      null,
      3,
      { G3: { tail: 7 } },
      { G3: { tail: { longestMs: -1 } } },
      { G3: 7 },
      { G3: { gaps: [[1]], jobs: 'x' } },
    ]) {
      assert.doesNotThrow(() => createLearnedPace(broken));
    }
  });
});
