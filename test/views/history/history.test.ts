import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fleet } from '../../../src/fleet/model.js';
import type { StageWork } from '../../../src/fleet/progress-model.js';
import type { Queue } from '../../../src/fleet/queue-model.js';
import { emptyHistogram, observe } from '../../../src/lib/histogram.js';
import { createFleetHistory } from '../../../src/views/history/fleet-history.js';
import { measureTrend } from '../../../src/views/history/queue-trend.js';
import { createSeriesTable } from '../../../src/views/history/series-table.js';
import { measureJobsPerHour, measureP95 } from '../../../src/views/history/stage-pace.js';
import { createFakeClock } from '../../support/fake-clock.js';

const MINUTE = 60_000;

describe('a table of series', () => {
  it('keeps the newest samples, says nothing for what was not known, and forgets what is gone', () => {
    const table = createSeriesTable(['ready', 'acked'], 3);
    table.add(1, new Map([['/a', { ready: 10 }]]));
    table.add(2, new Map([['/a', { ready: 20, acked: 1 }]]));
    table.add(
      3,
      new Map([
        ['/a', { ready: 30, acked: 2 }],
        ['/b', { ready: 1 }],
      ]),
    );
    assert.deepEqual(table.values('/b', 'ready'), [Number.NaN, Number.NaN, 1]);
    table.add(4, new Map([['/a', { ready: 40, acked: 3 }]]));
    assert.deepEqual(table.times(), [2, 3, 4]);
    assert.deepEqual(table.values('/a', 'ready'), [20, 30, 40]);
    assert.deepEqual(table.values('/a', 'acked'), [1, 2, 3]);
    assert.deepEqual([table.keys(), table.values('/b', 'ready')], [['/a'], []]);
  });
});

describe('the trend of a queue', () => {
  const times = Array.from({ length: 41 }, (_, index) => index * 15_000);
  const unknown = times.map(() => Number.NaN);
  const trend = (ready: (minute: number) => number, flow: { in?: number; out?: number } = {}) =>
    measureTrend({
      times,
      ready: times.map((atMs) => ready(atMs / MINUTE)),
      published: flow.in === undefined ? unknown : times.map((atMs) => (flow.in ?? 0) * (atMs / MINUTE)),
      acked: flow.out === undefined ? unknown : times.map((atMs) => (flow.out ?? 0) * (atMs / MINUTE)),
    });

  it('is its sustained change, with what came and went', () => {
    const growing = trend((minute) => 100 + 34 * minute, { in: 50, out: 16 });
    assert.deepEqual(growing, { perMinute: 34, inPerMinute: 50, outPerMinute: 16, drainMs: null });
    const draining = trend((minute) => 400 - 10 * minute, { in: 0, out: 10 });
    assert.deepEqual(draining, { perMinute: -10, inPerMinute: 0, outPerMinute: 10, drainMs: 30 * MINUTE });
  });

  it('is not turned around by one batch at the end', () => {
    const jumping = trend((minute) => (minute === 10 ? 260 : 300 - 10 * minute));
    assert.ok(jumping && jumping.perMinute < -4, JSON.stringify(jumping));
  });

  it('knows an empty queue as drained, a steady one as never, and says nothing of what it hardly saw', () => {
    assert.equal(trend(() => 0)?.drainMs, 0);
    assert.equal(trend(() => 7)?.drainMs, null);
    assert.equal(
      trend(() => Number.NaN),
      null,
    );
    const short = { times: [0, 15_000], ready: [1, 2], published: [], acked: [] };
    assert.equal(measureTrend(short), null);
  });
});

describe('the pace of a stage', () => {
  const times = Array.from({ length: 241 }, (_, index) => index * 15_000);

  it('is the rate of the last ten minutes where they have enough jobs', () => {
    // One job a second in the first half hour, then six a minute.
    const completed = times.map(
      (atMs) => Math.min(atMs, 30 * MINUTE) / 1000 + Math.max(0, atMs - 30 * MINUTE) / 10_000,
    );
    assert.equal(measureJobsPerHour(times, completed), 360);
  });

  it('looks further back for rare jobs, and knows nothing before half a minute has passed', () => {
    const rare = times.map((atMs) => Math.floor(atMs / (20 * MINUTE)));
    assert.equal(measureJobsPerHour(times, rare), 3);
    assert.equal(measureJobsPerHour([0, 15_000], [0, 4]), null);
    assert.equal(measureJobsPerHour([0, 15_000, 30_000], [0, 4, 8]), 960);
    assert.equal(measureJobsPerHour([], []), null);
  });

  it('has a 95th percentile of the last hour, of all jobs where that has too few, of none below five', () => {
    const filled = (values: readonly number[]) => values.reduce(observe, emptyHistogram([10, 20, 40]));
    const slow = Array.from({ length: 100 }, () => 30);
    const quick = Array.from({ length: 100 }, () => 5);
    assert.equal(measureP95(filled(slow), undefined), 39);
    assert.equal(measureP95(filled([...slow, ...quick]), filled(slow)), 9.5, 'the last hour was quick');
    assert.equal(measureP95(filled([...slow, 5]), filled(slow)), 39);
    assert.equal(measureP95(filled([5, 5, 5, 5]), undefined), null);
    assert.equal(measureP95(filled([99, 99, 99, 99, 99]), undefined), 40, 'above all bounds');
  });
});

describe('the history of a fleet', () => {
  it('samples every 15 s for an hour, and a vanished queue leaves with its trend', async () => {
    const clock = createFakeClock(0);
    const queues = new Map<string, Queue>();
    const stageWork = new Map<string, StageWork>();
    const figure = (value: number) => ({ value, via: 'metrics', atMs: clock.nowMs() }) as const;
    const tell = (): void => {
      const minute = clock.nowMs() / MINUTE;
      const base = {
        vhost: '/',
        status: 'present',
        kind: 'work',
        kindReason: '',
        deadLettersFrom: [],
        wasServed: true,
        disagreements: [],
        dataAtMs: 0,
      } as const;
      queues.set('//g3_02', { ...base, name: 'g3_02', ready: figure(2 * minute) });
      const jobDurations = emptyHistogram([10]);
      const work = { jobsCompleted: 3 * minute, jobsFailed: 0, jobsEndedUnknown: 0, jobDurations };
      stageWork.set('G3_02', { stage: 'G3_02', ...work });
    };
    const history = createFleetHistory({ queues, stageWork } as unknown as Fleet, clock);
    tell();
    history.start();
    for (let step = 0; step < 300; step++) {
      await clock.advance(7500);
      tell();
      await clock.advance(7500);
    }
    const { stepMs, times, queues: told, stages } = history.render();
    assert.equal(stepMs, 15_000);
    assert.deepEqual([times.length, times.at(-1), times[0]], [241, 75 * MINUTE, 15 * MINUTE]);
    assert.equal(told['//g3_02']?.ready.length, 241);
    assert.equal(told['//g3_02']?.unacked.at(-1), null);
    assert.equal(stages['G3_02']?.completed.length, 241);
    assert.equal(history.trendOf('//g3_02')?.perMinute, 2);
    assert.equal(history.paceOf('G3_02').jobsPerHour, 180);

    queues.clear();
    await clock.advance(15_000);
    assert.deepEqual(history.render().queues, {});
    assert.equal(history.trendOf('//g3_02'), null);
    history.stop();
    await clock.advance(MINUTE);
    assert.equal(history.render().times.at(-1), 75 * MINUTE + 15_000, 'stopped');
  });
});
