/** The simulated pipeline with recovery in the loop: only who hangs is restarted, nothing is lost, less is waited for. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RecoveryRun, runRecovery, START_MS } from '../support/recovery-run.js';

const ON = { enabled: true, dry_run: false };
const HOUR_MS = 3_600_000;
const SEEDS = [1, 2];

/** How long orchestrators waited for jobs that hung alone: those that hang together are left to people. */
const waitedMs = ({ hung }: RecoveryRun): number =>
  hung
    .filter(({ fault, isWaitedFor }) => fault === 'hang' && isWaitedFor)
    .reduce((sum, { ms }) => sum + ms, 0);

describe('recovery in the loop of a simulated pipeline', () => {
  for (const seed of SEEDS) {
    it(`restarts only workers that hang, and loses no document (seed ${seed})`, async () => {
      const run = await runRecovery({ profile: '2gpu', seed, hours: 4, recovery: ON });
      assert.deepEqual(
        run.restarts.filter(({ mode }) => mode !== 'hung'),
        [],
      );
      assert.ok(run.restarts.length > 0, 'somebody hung alone');
      assert.deepEqual(run.lost, []);
      const without = await runRecovery({ profile: '2gpu', seed, hours: 4, recovery: { enabled: false } });
      assert.equal(without.restarts.length, 0);
      assert.ok(waitedMs(run) < waitedMs(without));
    });
  }

  it('starts a worker again that its rejected restart ends later', async () => {
    const faults = [
      { kind: 'stuck-in-kernel', atMs: START_MS + HOUR_MS, healAtMs: START_MS + 3 * HOUR_MS },
    ] as const;
    const run = await runRecovery({ profile: '2gpu', seed: 6, hours: 2, recovery: ON, faults });
    const [told] = run.truth;
    assert.ok(run.restarts.length > 0, 'it was asked for');
    assert.ok(run.running.has(told?.container ?? ''), JSON.stringify(run.restarts));
  });

  it('leaves a pipeline alone in which nothing is wrong, its jobs of two hours included', async () => {
    const run = await runRecovery({ profile: '2gpu', seed: 4, hours: 5, recovery: ON, faults: [] });
    assert.deepEqual(run.restarts, []);
  });

  it('restarts the workers of a stage that hangs together, one first and the others when that works', async () => {
    const faults = [
      { kind: 'mass-hang', atMs: START_MS + HOUR_MS, healAtMs: START_MS + 1.5 * HOUR_MS },
    ] as const;
    const run = await runRecovery({ profile: '2gpu', seed: 5, hours: 2, recovery: ON, faults });
    const members = run.truth[0]?.members ?? [];
    const [first, second] = run.restarts;
    assert.ok(run.restarts.every(({ container, mode }) => mode === 'hung' && members.includes(container)));
    assert.ok(first && second && second.atMs - first.atMs > 60_000, JSON.stringify(run.restarts));
    assert.deepEqual(run.lost, []);
  });

  it('restarts nobody when the broker is away', async () => {
    const faults = [
      { kind: 'broker-outage', atMs: START_MS + HOUR_MS, healAtMs: START_MS + 1.5 * HOUR_MS },
    ] as const;
    const run = await runRecovery({ profile: '2gpu', seed: 5, hours: 2, recovery: ON, faults });
    assert.deepEqual(run.restarts, []);
  });
});
