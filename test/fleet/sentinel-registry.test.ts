import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSentinelRegistry } from '../../src/fleet/sentinel-registry.js';

const failure = (path: string, writtenAtMs: number) => ({
  path,
  stage: 'G',
  reason: 'disk',
  error: 'x',
  writtenAtMs,
  firstSeenAtMs: writtenAtMs,
});

function seen(reason: string, delayMs?: number) {
  const sentinel = { outcome: 'failure', stage: 'G', atMs: 1, reason, error: 'x' } as const;
  return { kind: 'sentinel-seen', sentinel, ...(delayMs !== undefined && { delayMs }) } as const;
}

test('counters of known stages start at 0 for every reason and only rise', () => {
  const { sentinels, apply, forgetPresent } = createSentinelRegistry();
  apply({ kind: 'sentinels-watched', reasons: ['disk', 'unknown'], stages: ['G'] });
  assert.deepEqual(sentinels.stages.get('G')?.newFailures, { disk: 0, unknown: 0 });
  apply(seen('disk', 20));
  apply({ kind: 'sentinels-counted', counts: [{ stage: 'G', successes: 3, failures: 1 }] });
  assert.deepEqual(sentinels.stages.get('G'), {
    stage: 'G',
    successes: 3,
    failures: 1,
    newFailures: { disk: 1, unknown: 0 },
  });
  assert.equal(sentinels.delay?.histogram.sum, 0.02);
  forgetPresent();
  assert.deepEqual(sentinels.stages.get('G'), { stage: 'G', newFailures: { disk: 1, unknown: 0 } });
});

test('a success raises no failure counter', () => {
  const { sentinels, apply } = createSentinelRegistry();
  apply({ kind: 'sentinels-watched', reasons: ['unknown'], stages: ['G'] });
  apply({ kind: 'sentinel-seen', sentinel: { outcome: 'success', stage: 'G', atMs: 1 } });
  assert.deepEqual(sentinels.stages.get('G')?.newFailures, { unknown: 0 });
});

test('of very many failures the newest are kept with their text', () => {
  const { sentinels, apply } = createSentinelRegistry();
  for (let index = 0; index < 1010; index++) {
    apply({ kind: 'failure-present', failure: failure(`p${index}`, 1_000_000 - index) });
  }
  assert.equal(sentinels.failures.size, 1000);
  assert.ok(sentinels.failures.has('p0'));
  assert.ok(!sentinels.failures.has('p1009'));
  apply({ kind: 'failure-gone', path: 'p0' });
  assert.ok(!sentinels.failures.has('p0'));
});
