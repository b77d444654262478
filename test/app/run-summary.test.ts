import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRunSummary } from '../../src/app/run-summary.js';
import { createFakeClock } from '../support/fake-clock.js';
import { createJudgedFleet } from '../support/judged-fleet.js';

describe('the summaries of a run', () => {
  it('come soon after the start, and every five minutes once the run has lasted that long', async () => {
    const clock = createFakeClock();
    const intervals: unknown[] = [];
    const summary = createRunSummary({
      fleet: createJudgedFleet({ stages: [{ id: 'G1' }] }).store.fleet,
      journal: {
        append: ({ intervalMs }: { readonly [field: string]: unknown }) => intervals.push(intervalMs),
      },
      clock,
    });
    for (let seconds = 5; seconds <= 1200; seconds += 5) {
      await clock.advance(5000);
      summary.look();
    }
    assert.deepEqual(
      intervals.map((ms) => Number(ms) / 1000),
      [15, 15, 30, 60, 120, 240, 300, 300],
    );
  });
});
