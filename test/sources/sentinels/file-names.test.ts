import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sentinelsSection } from '../../../src/config/sentinels-section.js';
import { systemClock } from '../../../src/lib/clock.js';
import { parseTextFormat } from '../../../src/lib/text-format-parser.js';
import { createSentinelsSource } from '../../../src/sources/sentinels/sentinels-source.js';
import { observerHarness } from '../../support/observer-harness.js';
import { renderPage } from '../../support/render-page.js';
import { createSourceHarness } from '../../support/source-harness.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

/** A path below the folder; `\xff` in it stands for that byte. */
function bytesOf(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

function put(root: string, folder: string, file: string, content = '{}'): void {
  mkdirSync(bytesOf(root, folder), { recursive: true });
  writeFileSync(bytesOf(root, `${folder}/${file}`), content);
}

for (const [way, options] of [
  ['by watch', { watchBudget: 0.2, intervalMs: 60_000 }],
  ['by sweep', { watchBudget: 0, intervalMs: 100 }],
] as const) {
  test(`${way}: folders and files whose names are no UTF-8 are told apart, read, and seen to go`, async (t) => {
    const harness = await observerHarness(t, options);
    const { root } = harness;
    put(root, 'D/G\xfe', 'sentinel.json');
    put(root, 'D/G\xff', 'sentinel.json');
    await harness.start();
    assert.equal(harness.counted('G\\xfe'), '1 ok, 0 failed');
    assert.equal(harness.counted('G\\xff'), '1 ok, 0 failed');
    put(root, 'D\x80/G\xff', 'sentinel.json.failed', '{"error":"boom"}');
    await waitFor('the failure', () => harness.counted('G\\xff') === '1 ok, 1 failed');
    const failure = harness.events.find(({ kind }) => kind === 'failure');
    assert.ok(failure?.kind === 'failure');
    assert.deepEqual(
      [failure.path, failure.document, failure.stage, failure.error],
      ['D\\x80/G\\xff/sentinel.json.failed', 'D\\x80', 'G\\xff', 'boom'],
    );
    rmSync(bytesOf(root, 'D\x80'), { recursive: true });
    await waitFor('it to go', () => harness.counted('G\\xff') === '1 ok, 0 failed');
    assert.deepEqual(harness.events.at(-1), { kind: 'failure-gone', path: failure.path });
    assert.deepEqual(harness.problems, []);
  });
}

test('sentinels whose own names are no UTF-8 are each counted', async (t) => {
  const harness = await observerHarness(t, { pattern: '{stage}/{document}.json', intervalMs: 60_000 });
  put(harness.root, 'G', 'D\xfe.json');
  put(harness.root, 'G', 'D\xff.json');
  await harness.start();
  assert.equal(harness.counted('G'), '2 ok, 0 failed');
  put(harness.root, 'G', 'E\xff.json.failed', 'x');
  await waitFor('the failure', () => harness.counted('G') === '2 ok, 1 failed');
});

test('the page of such folders has each as a series of its own', async (t) => {
  const root = await tempDir(t);
  put(root, 'D/G\xfe', 'sentinel.json');
  put(root, 'D/G\xff', 'sentinel.json.failed');
  const harness = createSourceHarness();
  const config = { ...sentinelsSection.parse({ interval: '100ms' }), root };
  const source = createSentinelsSource({ config, stages: [] }, harness.context);
  t.after(() => source.stop());
  source.start();
  await waitFor('the first look', () => harness.fleet.sources.get('sentinels')?.isUp === true);
  const page = await renderPage(harness.fleet, systemClock.nowMs());
  assert.deepEqual(parseTextFormat(page.join('\n')).faults, []);
  assert.ok(page.includes('pipeline_success_sentinels{stage="G\\\\xfe"} 1'));
  assert.ok(page.includes('pipeline_failure_sentinels{stage="G\\\\xff"} 1'));
});
