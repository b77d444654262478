/** Sentinels on a file server whose clock is off: the files' times are moved, what comes is seen as on a right one. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ObserverOptions } from '../../../src/sources/sentinels/observer-messages.js';
import { type ObserverHarness, observerHarness } from '../../support/observer-harness.js';
import { skewedIo } from '../../support/skewed-io.js';
import { waitFor } from '../../support/wait-for.js';

const HOUR_MS = 3_600_000;

const found = ({ events }: ObserverHarness, kind: 'success' | 'failure') =>
  events.filter((event) => event.kind === kind);

for (const [name, aheadMs] of [
  ['11 hours ahead', 11 * HOUR_MS],
  ['40 minutes ahead', 40 * 60_000],
  ['3 hours behind', -3 * HOUR_MS],
  ['40 seconds behind', -40_000],
] as const) {
  describe(`a file server whose clock is ${name}`, () => {
    const watch = (test: TestContext, options: Partial<ObserverOptions> = {}) =>
      observerHarness(test, options, skewedIo(aheadMs));

    it('sees what comes as new, dated by our clock, whether its folder was there or not', async (test) => {
      const harness = await watch(test);
      await harness.put('D0/G1/old.txt');
      await harness.put('D0/G1/sentinel.json.failed', '{"error":"old"}');
      await harness.put('D0/G2/sentinel.json');
      await harness.start();
      const beganMs = Date.now();
      await harness.put('D0/G1/sentinel.json');
      await harness.put('D1/G1/sentinel.json');
      await harness.put('D2/G1/sentinel.json.failed', '{"error":"new"}');
      await waitFor(
        'all',
        () => found(harness, 'success').length >= 2 && found(harness, 'failure').length >= 2,
      );
      assert.equal(found(harness, 'success').length, 2, JSON.stringify(harness.events));
      const news = harness.events.filter((event) => event.kind !== 'failure-gone' && event.isWatched);
      assert.equal(news.length, 3);
      for (const event of news) {
        assert.ok(
          event.kind !== 'failure-gone' && event.atMs >= beganMs - 1500 && event.atMs <= Date.now(),
          `${JSON.stringify(event)} ${beganMs}`,
        );
      }
    });

    it('counts nothing as new that stood there before the very first reading', async (test) => {
      const before = await watch(test);
      for (const document of ['D0', 'D1', 'D2']) {
        await before.put(`${document}/G1/sentinel.json`);
        await before.put(`${document}/G2/sentinel.json.failed`, '{"error":"old"}');
      }
      const writtenMs = Date.now();
      await waitFor('the clock to move', () => Date.now() > writtenMs + 50);
      const newSinceMs = Date.now();
      const harness = await watch(test, { root: before.root, newSinceMs });
      await harness.start();
      assert.deepEqual(found(harness, 'success'), []);
      for (const failure of found(harness, 'failure')) {
        assert.ok(failure.kind === 'failure' && failure.atMs < newSinceMs, 'judged old by its time');
      }
    });

    it('remembers the clock for the next daemon run, which tells old from new by it', async (test) => {
      const first = await watch(test);
      await first.start();
      for (const document of ['D0', 'D1', 'D2', 'D3']) {
        const known = first.events.length;
        await first.put(`${document}/G1/sentinel.json`);
        await waitFor('it to be seen', () => first.events.length > known);
        await first.nextLook();
      }
      const learnt = (await first.nextLook()).fileAheadMs ?? 0;
      assert.ok(Math.abs(learnt - aheadMs) < 2000, `${learnt}`);
      const sawMs = Date.now();
      await waitFor('the clock to move', () => Date.now() > sawMs + 2500, 4000);
      const newSinceMs = Date.now() - 1000;
      await first.put('D9/G1/sentinel.json');
      const second = await watch(test, { root: first.root, newSinceMs, fileAheadMs: learnt });
      await second.start();
      assert.deepEqual(
        found(second, 'success').map((event) => event.kind === 'success' && event.document),
        ['D9'],
      );
    });

    it('waits for the rest of a failure that is half written', async (test) => {
      const harness = await watch(test);
      await harness.start();
      const errorsOf = (path: string) =>
        harness.events.flatMap((event) =>
          event.kind === 'failure' && event.path === path ? event.error : [],
        );
      let patient = 0;
      // On a busy machine a writer may be too slow for it, but not five times.
      for (let time = 0; time < 5 && patient === 0; time++) {
        const path = `D${time}/G1/sentinel.json.failed`;
        await harness.put(path, '{"error":');
        const begunMs = Date.now();
        await waitFor('its writer to take a while', () => Date.now() > begunMs + 150);
        await harness.put(path, '{"error":"whole"}');
        await waitFor('it', () => errorsOf(path).includes('whole'));
        if (errorsOf(path).length === 1) patient++;
      }
      assert.equal(patient, 1);
    });
  });
}
