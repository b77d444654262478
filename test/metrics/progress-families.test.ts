import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { systemClock } from '../../src/lib/clock.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { PROGRESS_FAMILY_GROUPS } from '../../src/metrics/progress-families.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';
import { createProgressFleet, type ProgressFleet, seconds } from '../support/progress-fleet.js';

async function render({ fleet }: ProgressFleet): Promise<string> {
  const page = createMetricsPage({
    daemon: () => NO_DAEMON_FACTS,
    fleet,
    groups: PROGRESS_FAMILY_GROUPS,
    clock: systemClock,
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onError: (error) => assert.fail(String(error)),
  });
  return (await page.render()).toString();
}

const samples = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

function busyFleet(): ProgressFleet {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, {
    'paddle-worker-0': { stage: 'G3', document: 'A', done: 1, total: 4, started_at: seconds(-2) },
    'orchestrator-1': { stage: 'G5', completed: ['G3'] },
    broken: '{',
  });
  return fleet;
}

test('a job under way is on the page, and what is unknown is not', async () => {
  const text = await render(busyFleet());
  const own = samples(text).filter((line) => !/_bucket|files_ignored/.test(line));
  assert.deepEqual(own, [
    'pipeline_worker_job_start_timestamp_seconds{container="paddle-worker-0",stage="G3"} 1763899998',
    'pipeline_worker_last_progress_timestamp_seconds{container="paddle-worker-0",stage="G3"} 1763900002',
    'pipeline_worker_job_progress_ratio{container="paddle-worker-0",stage="G3"} 0.25',
    'pipeline_orchestrator_stage{container="orchestrator-1",stage="G5"} 1',
    'pipeline_stage_jobs_completed_total{stage="G3"} 0',
    'pipeline_stage_jobs_failed_total{stage="G3"} 0',
    'pipeline_stage_jobs_ended_unknown_total{stage="G3"} 0',
    'pipeline_stage_job_duration_seconds_sum{stage="G3"} 0',
    'pipeline_stage_job_duration_seconds_count{stage="G3"} 0',
    'stagewatch_progress_files 2',
  ]);
  assert.match(text, /files_ignored\{reason="not_json"\} 1/);
  assert.doesNotMatch(text, /"A"/, 'no document in a label');
});

test('an idle worker has no job on the page, and its stage the count', async () => {
  const fleet = busyFleet();
  fleet.look(6, { 'paddle-worker-0': undefined });
  const text = await render(fleet);
  assert.doesNotMatch(text, /pipeline_worker_/);
  assert.match(text, /pipeline_stage_jobs_completed_total\{stage="G3"\} 1/);
  assert.match(text, /duration_seconds_bucket\{stage="G3",le="5\.0"\} 0/);
  assert.match(text, /duration_seconds_bucket\{stage="G3",le="10\.0"\} 1/);
});

test('a ratio is at most 1 and needs a whole', async () => {
  const fleet = createProgressFleet();
  fleet.look(0, {
    'a-worker': { done: 5, total: 4 },
    'b-worker': { done: 5, total: 0 },
    'c-worker': { done: 5 },
  });
  const ratios = samples(await render(fleet)).filter((line) => line.includes('progress_ratio'));
  assert.deepEqual(ratios, ['pipeline_worker_job_progress_ratio{container="a-worker",stage="a-worker"} 1']);
});

test('promtool has no objection', async (t) => {
  const text = await render(busyFleet());
  try {
    execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: 'pipe' });
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      error.code === 'ENOENT' &&
      process.env['CI'] !== 'true'
    ) {
      return t.skip('promtool is not installed');
    }
    throw error;
  }
});
