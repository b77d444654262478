import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/detectors/finding.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { createFakeClock } from '../support/fake-clock.js';
import { createJudgedFleet, T0 } from '../support/judged-fleet.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';
import { parseSeries } from '../support/series.js';

describe('series of findings', () => {
  it('that differ in nothing a label tells are one, as old as the oldest', async () => {
    const poison = (document: string, beganAtMs: number): [string, Finding] => [
      `PoisonDocument:${document}`,
      {
        id: `PoisonDocument:${document}`,
        kind: 'PoisonDocument',
        key: document,
        subject: { stage: 'G3_02', document },
        severity: 'warning',
        summary: 'crashed 2 workers',
        evidence: [],
        clearsWhen: 'It is gone.',
        beganAtMs,
        openedAtMs: T0,
        confirmedAtMs: T0,
      },
    ];
    const findings = new Map([poison('PMC1', T0 - 60_000), poison('PMC2', T0 - 90_000)]);
    const page = createMetricsPage({
      daemon: () => ({ ...NO_DAEMON_FACTS, verdicts: { ...NO_DAEMON_FACTS.verdicts, findings } }),
      fleet: createJudgedFleet().store.fleet,
      groups: ALL_FAMILY_GROUPS,
      clock: createFakeClock(T0),
      staleAfterMs: 60_000,
      renderRest: () => Promise.resolve(''),
      onError: (error) => assert.fail(String(error)),
    });
    const series = parseSeries((await page.render()).toString());
    const labels = { kind: 'PoisonDocument', severity: 'warning', stage: 'G3_02' };
    assert.deepEqual(series.all('pipeline_finding_active'), [{ labels, value: 1 }]);
    assert.deepEqual(series.all('pipeline_finding_began_timestamp_seconds'), [
      { labels, value: T0 / 1000 - 90 },
    ]);
  });
});
