import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Activity } from '../../src/detectors/activity.js';
import { judgeWorker } from '../../src/detectors/judge-worker.js';
import type { StageLimits } from '../../src/detectors/verdicts.js';
import type { WorkerFacts } from '../../src/detectors/worker-facts.js';
import type { Container } from '../../src/fleet/model.js';
import type { Job } from '../../src/fleet/progress-model.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';

const MINUTE = 60_000;
const NAME = 'paddle-worker-gpu1-0';
const LIMITS: StageLimits = {
  stage: 'G3_02',
  stallMs: 5 * MINUTE,
  origin: 'default',
  livelockMs: 25 * MINUTE,
  gapSamples: 0,
  jobSamples: 0,
  jobsWithin: 0,
};

const STILL: Activity = {
  cpu: 'still',
  io: 'unknown',
  gpu: 'still',
  acks: 'still',
  isStill: true,
  isMoving: false,
  evidence: ['container used 0.0 CPU-s in 1m00s', 'GPU 1 at 0 %', 'queue g3_02 has 12 waiting'],
};
const BUSY: Activity = { ...STILL, cpu: 'moving', isStill: false, isMoving: true, evidence: ['busy'] };
const UNKNOWN: Activity = { ...STILL, cpu: 'unknown', isStill: false, evidence: ['not known'] };

function container(more: Partial<Container> = {}): Container {
  const [built] = fleetOf(
    containerFacts(NAME, { startedAtMs: NOW_MS - 240 * MINUTE }),
  ).fleet.containers.values();
  assert.ok(built);
  return { ...built, ...more };
}

/** A job without a step for so long, begun an hour before that. */
function job(silentMs: number, more: Partial<Job> = {}): Job {
  return {
    document: 'PMC1',
    done: 12,
    total: 40,
    unit: 'page',
    startedAtMs: NOW_MS - silentMs - 60 * MINUTE,
    lastProgressAtMs: NOW_MS - silentMs,
    lastHeartbeatAtMs: NOW_MS - silentMs,
    ...more,
  };
}

function judge(more: Partial<WorkerFacts> & { readonly job?: Job; readonly around?: Activity } = {}) {
  const { job: hand, around = STILL, ...facts } = more;
  return judgeWorker({
    worker: { role: 'worker', container: NAME, identity: NAME, stage: 'G3_02', ...(hand && { job: hand }) },
    container: container(),
    nowMs: NOW_MS,
    limits: LIMITS,
    startGraceMs: 10 * MINUTE,
    stale: undefined,
    isProgressWatched: true,
    lookedAtMs: NOW_MS,
    hasWorked: true,
    activity: () => around,
    ...facts,
  });
}

describe('a worker with a job', () => {
  const withoutUnits = { done: undefined, total: undefined, unit: undefined } as unknown as Partial<Job>;
  for (const [what, facts, status] of [
    ['moves', { job: job(3000) }, 'active'],
    ['is silent up to its limit', { job: job(5 * MINUTE) }, 'active'],
    ['is silent beyond its limit, and nothing moves', { job: job(5 * MINUTE + 1) }, 'stuck'],
    ['is silent beyond its limit, but busy', { job: job(6 * MINUTE), around: BUSY }, 'slow'],
    [
      'is silent beyond its limit, and nobody knows what moves',
      { job: job(6 * MINUTE), around: UNKNOWN },
      'slow',
    ],
    ['is silent and busy up to the longer limit', { job: job(25 * MINUTE), around: BUSY }, 'slow'],
    ['is silent and busy beyond the longer limit', { job: job(25 * MINUTE + 1), around: BUSY }, 'stuck'],
    [
      'counts no units and is busy for two hours',
      { job: job(120 * MINUTE, withoutUnits), around: BUSY },
      'active',
    ],
    [
      'counts no units and nothing is known',
      { job: job(120 * MINUTE, withoutUnits), around: UNKNOWN },
      'active',
    ],
    ['counts no units and nothing moves', { job: job(6 * MINUTE, withoutUnits) }, 'stuck'],
    [
      'has run for longer than any may',
      { job: job(1000), limits: { ...LIMITS, maxJobMs: 50 * MINUTE } },
      'stuck',
    ],
    [
      'has run for as long as any may',
      { job: job(0), limits: { ...LIMITS, maxJobMs: 60 * MINUTE } },
      'active',
    ],
    ['moves, but is late', { job: job(1000), limits: { ...LIMITS, slowJobMs: 30 * MINUTE } }, 'slow'],
    [
      'runs for 110 minutes in steps of 20',
      { job: job(20 * MINUTE), around: BUSY, limits: { ...LIMITS, livelockMs: 120 * MINUTE } },
      'slow',
    ],
  ] as const) {
    it(`that ${what} is ${status}`, () => {
      assert.equal(judge(facts as Parameters<typeof judge>[0]).status, status);
    });
  }

  it('says why it is stuck, with numbers', () => {
    const verdict = judge({ job: job(7 * MINUTE + 12_000) });
    assert.equal(verdict.stuckBy, 'silence');
    assert.equal(verdict.reason, 'no progress for 7m12s at page 12 of 40 of PMC1, and nothing else moves');
    assert.deepEqual(verdict.evidence, [
      'no progress for 7m12s at page 12 of 40 of PMC1; limit 5m00s (default)',
      'container used 0.0 CPU-s in 1m00s',
      'GPU 1 at 0 %',
      'queue g3_02 has 12 waiting',
      'it wrote its progress last 7m12s ago',
    ]);
  });

  it('is judged by its steps, not by its heartbeat', () => {
    const verdict = judge({ job: job(30 * MINUTE, { lastHeartbeatAtMs: NOW_MS - 2000 }), around: BUSY });
    assert.equal(verdict.stuckBy, 'livelock');
    assert.ok(verdict.evidence.includes('it still wrote its progress 2s ago, without a step'));
  });

  it('does not grow older while nobody looks at its file', () => {
    const verdict = judge({ job: job(10 * MINUTE), lookedAtMs: NOW_MS - 6 * MINUTE });
    assert.deepEqual([verdict.status, verdict.silentMs], ['active', 4 * MINUTE]);
  });

  it('is a suspect when nothing has moved for three quarters of a minute', () => {
    assert.equal(judge({ job: job(45_001) }).isSuspect, true);
    assert.equal(judge({ job: job(45_000) }).isSuspect, undefined);
    assert.equal(judge({ job: job(45_001), around: BUSY }).isSuspect, undefined);
    const fast = { ...LIMITS, stallMs: MINUTE };
    assert.equal(judge({ job: job(30_001), limits: fast }).isSuspect, true);
  });

  it('past its limit is uncertain while nobody knows what moves', () => {
    assert.equal(judge({ job: job(6 * MINUTE), around: UNKNOWN }).isUncertain, true);
    assert.equal(judge({ job: job(6 * MINUTE), around: BUSY }).isUncertain, undefined);
  });

  it('that was written just before its container was started again is in hand no more', () => {
    const startedAtMs = NOW_MS - 2 * MINUTE;
    const beforeIt = job(2 * MINUTE + 500);
    const restarted = { container: container({ startedAtMs }), hasWorked: true };
    assert.equal(judge({ job: beforeIt, ...restarted }).status, 'idle');
    // Also where the engine's clock is some seconds behind ours.
    const behind = { container: container({ startedAtMs: startedAtMs - 5000 }), hasWorked: true };
    assert.equal(judge({ job: beforeIt, ...behind }).status, 'idle');
    const after = job(MINUTE, { startedAtMs: startedAtMs + 1000 });
    assert.equal(judge({ job: after, ...restarted, around: BUSY }).status, 'active');
  });

  it('from before the start of its container is in hand no more', () => {
    const verdict = judge({
      job: job(60 * MINUTE),
      container: container({ startedAtMs: NOW_MS - MINUTE }),
      hasWorked: false,
    });
    assert.equal(verdict.status, 'starting');
  });
});

describe('a worker without a job', () => {
  const startedAgo = (ms: number) => ({
    container: container({ startedAtMs: NOW_MS - ms }),
    hasWorked: false,
  });
  for (const [what, facts, status] of [
    ['that has worked', {}, 'idle'],
    ['that was started just now', startedAgo(1000), 'starting'],
    ['that loads its model up to the grace', startedAgo(10 * MINUTE - 1), 'starting'],
    ['that has had its grace', startedAgo(10 * MINUTE), 'idle'],
    ['that worked since its start just now', { ...startedAgo(1000), hasWorked: true }, 'idle'],
    ['known from its file only', { container: undefined }, 'idle'],
  ] as const) {
    it(`${what} is ${status}`, () => assert.equal(judge(facts).status, status));
  }
});

describe('a worker of which nothing can be said', () => {
  const stuckJob = job(60 * MINUTE);
  for (const [what, facts, reason] of [
    [
      'while docker is stale',
      { stale: { source: 'docker', problem: 'last read 2m00s ago' } },
      /^docker is stale: last read/,
    ],
    ['while progress is stale', { stale: { source: 'progress', problem: 'x' } }, /^progress is stale/],
    ['where no progress is watched', { isProgressWatched: false }, /progress\.directory/],
    [
      'whose file cannot be used',
      { worker: { role: 'worker', container: NAME, unreadable: 'not_json', job: stuckJob } },
      /not_json/,
    ],
  ] as const) {
    it(`is unknown ${what}, never stuck`, () => {
      const verdict = judge({ job: stuckJob, ...facts } as Parameters<typeof judge>[0]);
      assert.equal(verdict.status, 'unknown');
      assert.match(verdict.reason, reason);
    });
  }
});

describe('a worker whose container does not run', () => {
  const end = { exitCode: 137, atMs: NOW_MS - 1000 };
  for (const [state, lastEnd, reason] of [
    ['exited', { ...end, reason: 'oom' }, 'container is exited: killed for want of memory'],
    [
      'exited',
      { ...end, reason: 'signal', isAskedFor: true },
      'container is exited: ended by signal 9, asked for',
    ],
    ['restarting', { ...end, exitCode: 3, reason: 'error' }, 'container is restarting: exit code 3'],
    ['exited', undefined, 'container is exited'],
    ['paused', undefined, 'container is paused'],
    ['created', undefined, 'container was created and not started'],
  ] as const) {
    it(`is down: ${reason}`, () => {
      const verdict = judge({
        job: job(60 * MINUTE),
        container: container({ state, ...(lastEnd && { lastEnd }) } as Partial<Container>),
      });
      assert.deepEqual([verdict.status, verdict.reason], ['down', reason]);
    });
  }
  it('is down also while its progress is stale', () => {
    const stale = { source: 'progress', problem: 'x' } as const;
    assert.equal(judge({ container: container({ state: 'exited' }), stale }).status, 'down');
  });
});
