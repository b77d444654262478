import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPolledSource } from '../../src/sources/poller.js';
import { createFakeClock } from '../support/fake-clock.js';
import { createSourceHarness } from '../support/source-harness.js';

const SECOND = 1000;

describe('a source that is polled', () => {
  for (const intervalS of [2, 10, 60]) {
    it(`every ${intervalS} s is tried often enough in a long outage to be read soon after it`, async () => {
      const clock = createFakeClock();
      const triedAtMs: number[] = [];
      const source = createPolledSource(
        {
          name: 'dcgm',
          target: 'exporter',
          intervalMs: intervalS * SECOND,
          timeLimitMs: SECOND,
          read() {
            triedAtMs.push(clock.nowMs());
            return Promise.reject(new Error('connection refused'));
          },
        },
        createSourceHarness(clock).context,
      );
      source.start();
      await clock.advance(20 * 60 * SECOND);
      await source.stop();
      const waitsMs = triedAtMs.slice(1).map((atMs, index) => atMs - (triedAtMs[index] ?? 0));
      assert.ok(waitsMs.length > 10);
      assert.ok(Math.max(...waitsMs) <= Math.max(15, intervalS) * SECOND, String(waitsMs));
    });
  }
});
