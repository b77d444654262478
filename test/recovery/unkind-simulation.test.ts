/** Recovery over a simulated pipeline whose engine rejects each restart, and carries it out two minutes later. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runRecovery, START_MS } from '../support/recovery-run.js';

const HOUR_MS = 3_600_000;

it('an engine that carries out restarts only after it has rejected them leaves no worker down', async () => {
  const faults = [1, 1.5].map((hours) => ({
    kind: 'hang' as const,
    atMs: START_MS + hours * HOUR_MS,
    healAtMs: START_MS + 9 * HOUR_MS,
  }));
  const run = await runRecovery({
    profile: '2gpu',
    seed: 6,
    hours: 2.5,
    recovery: { enabled: true, dry_run: false },
    faults,
    rejectsForMs: 120_000,
  });
  const results = new Set(run.ended.map(({ result }) => result));
  assert.ok(results.has('failed') && results.has('recovered'), [...results].join(', '));
  assert.deepEqual(run.leftDown, []);
});
