/** What the recording rules make of samples whose answer is known beforehand, by promtool. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { requireProgram, skipWithout } from '../support/machine.js';
import { RECORDING_RULES, RULES_FOLDER } from '../support/rule-files.js';
import { tempDir } from '../support/temp-dir.js';

const T = 'job="stagewatch",instance="dgx-1:9847"';
const S = `${T},stage="G3_02"`;
const Q = `${S},queue="g3_02",vhost="/"`;
const DURATION = 'pipeline_stage_job_duration_seconds';

/** A minute each: for two hours a job a minute ends well in 30 to 60 s, every tenth fails, and 12 messages wait. */
const INPUT: Readonly<Record<string, string>> = {
  [`pipeline_stage_jobs_completed_total{${S}}`]: '0+9x120',
  [`pipeline_stage_jobs_failed_total{${S}}`]: '0+1x120',
  [`pipeline_failures_total{${S},reason="gpu_oom"}`]: '0+1x120',
  [`pipeline_failures_total{${S},reason="timeout"}`]: '0+2x120',
  [`${DURATION}_bucket{${S},le="30.0"}`]: '0x120',
  [`${DURATION}_bucket{${S},le="60.0"}`]: '0+9x120',
  [`${DURATION}_bucket{${S},le="+Inf"}`]: '0+9x120',
  [`${DURATION}_sum{${S}}`]: '0+405x120',
  [`${DURATION}_count{${S}}`]: '0+9x120',
  [`pipeline_queue_messages_ready{${Q}}`]: '12x120',
  [`pipeline_queue_messages_unacked{${Q}}`]: '4x120',
  [`pipeline_queue_acked_total{${Q}}`]: '0+6x120',
  // A stage whose broker counts no acks: its waiting time is reckoned by the jobs that end.
  [`pipeline_stage_jobs_completed_total{${T},stage="G2_00"}`]: '0+6x120',
  [`pipeline_stage_jobs_failed_total{${T},stage="G2_00"}`]: '0x120',
  [`pipeline_queue_messages_ready{${T},stage="G2_00",queue="g2_00",vhost="/"}`]: '3x120',
  // A stage that nothing leaves: how long one waits there nobody can say.
  [`pipeline_stage_jobs_completed_total{${T},stage="G5_00"}`]: '7x120',
  [`pipeline_stage_jobs_failed_total{${T},stage="G5_00"}`]: '0x120',
  [`pipeline_queue_messages_ready{${T},stage="G5_00",queue="g5_00",vhost="/"}`]: '3x120',
  // Two workers hold a quarter and an eighth of a GPU; the first has no job. Another GPU has none that is idle.
  [`pipeline_gpu_memory_total_bytes{${T},gpu="0",uuid="GPU-0"}`]: '800x120',
  [`pipeline_gpu_memory_total_bytes{${T},gpu="1",uuid="GPU-1"}`]: '800x120',
  [`pipeline_container_gpu_memory_bytes{${S},container="a",gpu="0",uuid="GPU-0"}`]: '200x120',
  [`pipeline_container_gpu_memory_bytes{${S},container="b",gpu="0",uuid="GPU-0"}`]: '100x120',
  [`pipeline_container_gpu_memory_bytes{${S},container="c",gpu="1",uuid="GPU-1"}`]: '100x120',
  [`pipeline_container_gpu_memory_bytes{${T},container="tool",gpu="1",uuid="GPU-1"}`]: '100x120',
  [`pipeline_worker_status{${S},container="a",status="idle"}`]: '1x120',
  [`pipeline_worker_status{${S},container="a",status="active"}`]: '0x120',
  [`pipeline_worker_status{${S},container="b",status="idle"}`]: '0x120',
  [`pipeline_worker_status{${S},container="c",status="active"}`]: '1x120',
  [`pipeline_finding_active{${T},kind="WorkerStuck",severity="critical",container="a"}`]: '1x120',
  [`pipeline_finding_active{${T},kind="WorkerStuck",severity="critical",container="b",cause="common"}`]:
    '1x120',
};

const EXPECTED: Readonly<Record<string, readonly (readonly [labels: string, value: number])[]>> = {
  'stage:pipeline_stage_jobs_completed:rate5m': [[S, 9 / 60]],
  'stage:pipeline_stage_jobs_failed:rate5m': [[S, 1 / 60]],
  'stage:pipeline_stage_jobs_failed_per_ended:ratio_rate1h': [[S, 0.1]],
  'stage:pipeline_failures:rate5m': [[S, 3 / 60]],
  'stage:pipeline_stage_job_duration_seconds:p50_1h': [[S, 45]],
  'stage:pipeline_stage_job_duration_seconds:p95_1h': [[S, 58.5]],
  'stage:pipeline_stage_job_duration_seconds:mean1h': [[S, 45]],
  'stage:pipeline_queue_messages_ready:sum': [[S, 12]],
  'stage:pipeline_queue_messages_unacked:sum': [[S, 4]],
  'stage:pipeline_queue_wait_seconds:mean10m': [
    [`${T},stage="G2_00"`, 30],
    [S, 120],
  ],
  'stage:pipeline_container_gpu_memory_bytes:sum': [[S, 400]],
  'stage:pipeline_gpus_held_idle:sum': [[S, 0.25]],
  'severity:pipeline_finding_active:count': [[`${T},severity="critical"`, 2]],
};

/** Of the stage that has all of it, but for the rule where stages differ in kind. */
const ONE_STAGE = /^stage:(?!pipeline_queue_wait)/;

describe('recording rules, by promtool', { skip: skipWithout('prometheus') }, () => {
  for (const [record, samples] of Object.entries(EXPECTED)) {
    it(`${record} is what it says`, async (test) => {
      const expr = ONE_STAGE.test(record) ? `${record}{stage="G3_02"}` : record;
      // Rounded, as promtool compares to the last bit.
      const file = join(await tempDir(test), 'recording.test.yml');
      writeFileSync(
        file,
        stringify({
          rule_files: [resolve(RULES_FOLDER, 'recording.rules.yml')],
          evaluation_interval: '1m',
          tests: [
            {
              interval: '1m',
              input_series: Object.entries(INPUT).map(([series, values]) => ({ series, values })),
              promql_expr_test: [
                {
                  expr: `round(${expr}, 0.0001)`,
                  eval_time: '2h',
                  exp_samples: samples.map(([labels, value]) => ({
                    labels: `{${labels}}`,
                    value: Math.round(value * 10_000) / 10_000,
                  })),
                },
              ],
            },
          ],
        }),
      );
      execFileSync(requireProgram('promtool'), ['test', 'rules', file], { stdio: 'pipe', encoding: 'utf8' });
    });
  }

  it('are all tried here', () => {
    assert.deepEqual(new Set(Object.keys(EXPECTED)), new Set(RECORDING_RULES.map(({ record }) => record)));
  });
});
