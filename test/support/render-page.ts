/** The whole metrics page of a fleet at a moment, as lines. */

import assert from 'node:assert/strict';
import type { Fleet } from '../../src/fleet/model.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { createFakeClock } from './fake-clock.js';
import { NO_DAEMON_FACTS } from './no-verdicts.js';

export async function renderPage(fleet: Fleet, nowMs: number): Promise<readonly string[]> {
  const page = createMetricsPage({
    daemon: () => NO_DAEMON_FACTS,
    fleet,
    groups: ALL_FAMILY_GROUPS,
    clock: { ...createFakeClock(), nowMs: () => nowMs },
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onError: (error) => assert.fail(String(error)),
  });
  return (await page.render()).toString().split('\n');
}
