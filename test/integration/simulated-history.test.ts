import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import {
  HISTORY_STEP_MS,
  recordSimulatedHistory,
  startHistoryPrometheus,
} from '../support/simulated-history.js';
import { tempDir } from '../support/temp-dir.js';

describe('a simulated run in the database of a Prometheus', { skip: skipWithout('prometheus') }, () => {
  it('can be queried as if it had been scraped', async (test) => {
    const folder = await tempDir(test);
    const { startMs, endMs, truth } = await recordSimulatedHistory({
      folder,
      warmUpMinutes: 20,
      minutes: 20,
      faults: [['hang', 2, 60]],
      restarts: false,
    });
    const prometheus = await startHistoryPrometheus(folder);
    test.after(prometheus.stop);
    const minutes = (endMs - startMs) / 60_000;
    const [scrapes] = await prometheus.query(`count_over_time(up[${minutes + 1}m])`, endMs);
    assert.equal(scrapes?.value, (endMs - startMs) / HISTORY_STEP_MS + 1);
    const container = truth[0]?.container ?? '';
    const range = { fromMs: startMs, toMs: endMs, stepMs: HISTORY_STEP_MS };
    const about = `container="${container}"`;
    const [alert] = await prometheus.queryRange(`ALERTS{alertname="PipelineWorkerStuck",${about}}`, range);
    const stuck = `pipeline_worker_status{${about},status="stuck"} == 1`;
    const [status] = await prometheus.queryRange(stuck, range);
    assert.ok(alert && status, `${container} was found stuck`);
    const laterMs = (alert.values[0]?.atMs ?? 0) - (status.values[0]?.atMs ?? 0);
    assert.ok(laterMs >= 0 && laterMs <= HISTORY_STEP_MS, `told ${laterMs} ms after it was so`);
    assert.equal(alert.values.at(-1)?.atMs, endMs);
    await assert.rejects(prometheus.query('up{'), /parse error/);
  });
});
