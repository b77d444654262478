import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsPage } from '../../src/metrics/page.js';
import { sentinelDelayFamilies, stageSentinelFamilies } from '../../src/metrics/sentinel-families.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';
import { createSourceHarness } from '../support/source-harness.js';

test('the page shows what is present, what failed by reason, and the delay', async () => {
  const clock = createFakeClock();
  const { fleet, apply } = createSourceHarness(clock);
  apply({ kind: 'source-read', source: 'sentinels', atMs: clock.nowMs(), durationMs: 1 });
  apply({ kind: 'sentinels-watched', reasons: ['disk', 'unknown'], stages: ['G'] });
  apply({ kind: 'sentinels-counted', counts: [{ stage: 'G', successes: 2, failures: 1 }] });
  const sentinel = { outcome: 'failure', stage: 'G', atMs: 1, reason: 'disk', error: 'secret' } as const;
  apply({ kind: 'sentinel-seen', sentinel, delayMs: 20 });
  const page = createMetricsPage({
    daemon: () => NO_DAEMON_FACTS,
    fleet,
    groups: [stageSentinelFamilies, sentinelDelayFamilies],
    clock,
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onError: assert.ifError,
  });
  const lines = (await page.render()).toString().split('\n');
  for (const line of [
    'pipeline_success_sentinels{stage="G"} 2',
    'pipeline_failure_sentinels{stage="G"} 1',
    'pipeline_failures_total{stage="G",reason="disk"} 1',
    'pipeline_failures_total{stage="G",reason="unknown"} 0',
    'pipeline_sentinel_detection_delay_seconds_bucket{le="0.01"} 0',
    'pipeline_sentinel_detection_delay_seconds_bucket{le="0.025"} 1',
    'pipeline_sentinel_detection_delay_seconds_bucket{le="+Inf"} 1',
    'pipeline_sentinel_detection_delay_seconds_count 1',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(!lines.join('\n').includes('secret'));
});
