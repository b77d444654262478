import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logFamilies } from '../../src/metrics/log-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';
import { stageFleet, W } from '../support/pipeline-events.js';

describe('lines in logs that fit a pattern', () => {
  it('are counted from 0 for every stage and pattern, and nothing is said where no logs are read', async () => {
    const fleet = stageFleet();
    fleet.container(W);
    const page = createMetricsPage({
      daemon: () => NO_DAEMON_FACTS,
      fleet: fleet.store.fleet,
      groups: [logFamilies],
      clock: createFakeClock(),
      staleAfterMs: 60_000,
      renderRest: () => Promise.resolve(''),
      onError: (error) => assert.fail(String(error)),
    });
    const lines = async () =>
      (await page.render())
        .toString()
        .split('\n')
        .filter((line) => /^[^#]/.test(line));
    assert.deepEqual(await lines(), []);
    fleet.store.apply({ kind: 'logs-watched', patterns: ['gpu_oom', 'nccl'], cooldownMs: 1000 });
    const read = (count: number) => {
      const match = { pattern: 'nccl', count, line: 'NCCL timeout', atMs: 1 };
      fleet.store.apply({ kind: 'logs-read', readings: [{ id: `id-of-${W}`, matches: [match] }] });
    };
    read(2);
    read(1);
    const expected = (nccl: number) => [
      `pipeline_log_errors_total{stage="G3",pattern="nccl"} ${nccl}`,
      'pipeline_log_errors_total{stage="G3",pattern="gpu_oom"} 0',
    ];
    assert.deepEqual(await lines(), expected(3));
    // Counters go on when the container is gone.
    fleet.store.apply({ kind: 'container-vanished', id: `id-of-${W}` });
    assert.deepEqual(await lines(), expected(3));
  });
});
