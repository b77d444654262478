/** For each alert on raw facts: samples around its threshold, and what it then says. */

import type { AlertCase } from '../support/promtool-case.js';

const TARGET = { job: 'stagewatch', instance: 'dgx-1:9847' };
const T = 'job="stagewatch",instance="dgx-1:9847"';
const S = `${T},stage="G3_02"`;
const GPU = { gpu: '3', uuid: 'GPU-3' };
const COMPLETED = `pipeline_stage_jobs_completed_total{${S}}`;
const FAILED = `pipeline_stage_jobs_failed_total{${S}}`;
const READY = `pipeline_queue_messages_ready{${S},queue="g3_02",vhost="/"}`;
const QUEUE = { queue: 'g3_02', vhost: '/', stage: 'G3_02' };

export const FACT_CASES: readonly AlertCase[] = [
  {
    alert: 'PipelineBacklogWithoutCompletions',
    // The last job ends at 10m and has left the window of 10m at 20m; the next one ends at 3h.
    input: {
      [READY]: '12x1000',
      [COMPLETED]: '0x39 1x679 2x300',
      [FAILED]: '0x1000',
      [`pipeline_queue_acked_total{${S},queue="g3_02",vhost="/"}`]: '0x39 1x679 2x300',
      [`stagewatch_source_up{${T},source="sentinels"}`]: '1x1000',
    },
    quietAt: ['10m', '2h19m45s'],
    firesAt: ['2h20m', '3h4m45s'],
    resolvedAt: ['3h5m'],
    labels: { ...TARGET, stage: 'G3_02' },
    description:
      'G3_02 has had messages waiting for 2 hours, 12 now, and no job of it has completed or failed, whatever its workers are judged to be.',
  },
  {
    alert: 'PipelineQueueRising',
    // Flat for 10 minutes, then 2 more a minute: 19 more at 19m45s, 20 at 20m, from where the 10 minutes of `for` run.
    input: { [READY]: '0x40 0+0.5x38 20x1 21+0.5x60 20x200' },
    quietAt: ['19m45s', '29m45s'],
    firesAt: ['30m', '37m30s'],
    resolvedAt: ['37m45s'],
    labels: { ...TARGET, ...QUEUE },
    description:
      'Queue g3_02 (G3_02) holds 20 messages more than 10 minutes ago, and has risen for 20 minutes.',
  },
  {
    alert: 'PipelineContainerRestarting',
    input: {
      [`pipeline_container_restarts_total{${T},container="grobid",role="infrastructure",cause="policy"}`]:
        '0x3 1x3 2x3 3x100',
      [`pipeline_container_restarts_total{${T},container="grobid",role="infrastructure",cause="other"}`]:
        '0x3 5x100',
    },
    quietAt: ['1m', '2m45s'],
    firesAt: ['3m', '15m45s'],
    resolvedAt: ['16m'],
    labels: { ...TARGET, container: 'grobid', role: 'infrastructure' },
    description: 'grobid was started again 3 times within 10 minutes.',
  },
  {
    alert: 'PipelineContainerOutOfMemory',
    input: {
      [`pipeline_container_oom_events_total{${S},container="spine-worker-gpu0-0",role="worker"}`]:
        '0x19 1x100',
    },
    quietAt: ['4m45s'],
    firesAt: ['5m', '14m45s'],
    resolvedAt: ['15m'],
    labels: { ...TARGET, container: 'spine-worker-gpu0-0', role: 'worker', stage: 'G3_02' },
    description:
      'The kernel killed a process of spine-worker-gpu0-0 (G3_02) for lack of memory. Look at its memory limit.',
  },
  {
    alert: 'PipelineGpuMemoryNearlyFull',
    input: {
      [`pipeline_gpu_memory_used_bytes{${T},gpu="3",uuid="GPU-3"}`]: '95x3 96x40 95x20',
      [`pipeline_gpu_memory_total_bytes{${T},gpu="3",uuid="GPU-3"}`]: '100x100',
    },
    quietAt: ['45s', '5m45s'],
    firesAt: ['6m', '12m'],
    resolvedAt: ['12m15s'],
    labels: { ...TARGET, ...GPU },
    description: '96% of the memory of GPU 3 has been in use for 5 minutes.',
  },
  {
    alert: 'PipelineDaemonDown',
    input: { [`up{${T}}`]: '1x3 0x12 1x20' },
    quietAt: ['45s', '1m45s'],
    firesAt: ['2m', '5m'],
    resolvedAt: ['5m15s'],
    labels: TARGET,
    description:
      'dgx-1:9847 has not answered for a minute: nobody watches the pipeline, and no alert of it means anything.',
  },
  {
    alert: 'PipelineDaemonAbsent',
    input: { [`up{${T}}`]: '1x3 stale _x40 1x20' },
    quietAt: ['45s', '5m45s'],
    firesAt: ['6m', '11m'],
    resolvedAt: ['11m15s'],
    labels: { job: 'stagewatch' },
    description:
      'No target of the job stagewatch is known to Prometheus: see prometheus/targets, and the page /targets of Prometheus.',
  },
  {
    alert: 'PipelineDaemonRestarting',
    input: { [`process_start_time_seconds{${T}}`]: '1x3 2x3 3x3 4x100' },
    quietAt: ['45s', '2m45s'],
    firesAt: ['3m', '15m45s'],
    resolvedAt: ['16m'],
    labels: TARGET,
    description: 'dgx-1:9847 was started 3 times within 15 minutes. Its last lines say why it ends.',
  },
  {
    alert: 'PipelineEvaluationStale',
    input: { [`stagewatch_last_evaluation_timestamp_seconds{${T}}`]: '0+15x4 60x16 345+15x20' },
    quietAt: ['1m', '4m'],
    firesAt: ['4m15s'],
    resolvedAt: ['6m30s'],
    labels: TARGET,
    description:
      'dgx-1:9847 judged the pipeline last 3m 15s ago: its findings are those of then. Restart it, and keep its log.',
  },
  {
    alert: 'PipelineSourceUnreadable',
    input: { [`stagewatch_source_up{${T},source="rabbitmq"}`]: '1x3 0x12 1x20' },
    quietAt: ['45s', '1m15s'],
    firesAt: ['1m30s', '5m'],
    resolvedAt: ['5m15s'],
    labels: { ...TARGET, source: 'rabbitmq' },
    description:
      'dgx-1:9847 cannot read rabbitmq. The reason: stagewatch_source_failures_total by reason, and /-/ready.',
  },
  {
    alert: 'PipelineConfigReloadFailed',
    input: { [`stagewatch_config_last_reload_successful{${T}}`]: '1x3 0x39 1x20' },
    quietAt: ['45s', '5m45s'],
    firesAt: ['6m', '10m45s'],
    resolvedAt: ['11m'],
    labels: TARGET,
    description: 'dgx-1:9847 refused its changed configuration, and the one before is in force.',
  },
  {
    alert: 'PipelineJournalNotWritable',
    input: {
      [`stagewatch_journal_writable{${T}}`]: '1x3 0x8 1x100',
      [`stagewatch_journal_entries_dropped_total{${T}}`]: '0x100',
    },
    quietAt: ['45s', '1m45s'],
    firesAt: ['2m', '8m'],
    resolvedAt: ['8m15s'],
    labels: TARGET,
    description: 'dgx-1:9847 cannot write its journal, or has lost entries of it. Look who owns data_dir.',
  },
  {
    alert: 'PipelineNotificationsNotSent',
    // The last one is sent at 1m; from 2m on each fails, until one is sent at 30m.
    input: {
      [`stagewatch_notifications_total{${T},channel="email",result="sent"}`]: '0x3 1x115 2x40',
      [`stagewatch_notifications_total{${T},channel="email",result="failed"}`]: '0x7 0+1x111 112x40',
      [`stagewatch_notifications_total{${T},channel="webhook",result="sent"}`]: '0+1x160',
      [`stagewatch_notifications_total{${T},channel="webhook",result="failed"}`]: '0+1x160',
    },
    quietAt: ['2m30s', '17m45s'],
    firesAt: ['18m', '31m45s'],
    resolvedAt: ['32m'],
    labels: { ...TARGET, channel: 'email' },
    description:
      'dgx-1:9847 has delivered nothing by email for 15 minutes, and has tried. Its log says what the server answers.',
  },
  {
    alert: 'PipelineWatchdog',
    input: {},
    quietAt: [],
    firesAt: ['0s', '1h'],
    resolvedAt: [],
    labels: {},
    description: 'This alert always fires. When it no longer arrives, no other would.',
  },
];

/** The second ways by which some of them fire. */
export const MORE_FACT_CASES: readonly AlertCase[] = [
  {
    alert: 'PipelineEvaluationStale',
    // Started at 0s, and has never judged; at 10m it does.
    input: {
      [`process_start_time_seconds{${T}}`]: '0x100',
      [`stagewatch_last_evaluation_timestamp_seconds{${T}}`]: '_x40 600+15x20',
    },
    quietAt: ['3m'],
    firesAt: ['3m15s'],
    resolvedAt: ['11m30s'],
    labels: TARGET,
    description:
      'dgx-1:9847 judged the pipeline last 3m 15s ago: its findings are those of then. Restart it, and keep its log.',
  },
  {
    alert: 'PipelineJournalNotWritable',
    input: {
      [`stagewatch_journal_writable{${T}}`]: '1x100',
      [`stagewatch_journal_entries_dropped_total{${T}}`]: '0x3 7x100',
    },
    quietAt: ['45s'],
    firesAt: ['1m', '15m45s'],
    resolvedAt: ['16m'],
    labels: TARGET,
    description: 'dgx-1:9847 cannot write its journal, or has lost entries of it. Look who owns data_dir.',
  },
  {
    alert: 'PipelineBacklogWithoutCompletions',
    // A stage of whose jobs no source tells says nothing by having completed none.
    input: {
      [READY]: '12x1000',
      [COMPLETED]: '0x1000',
      [FAILED]: '0x1000',
      [`stagewatch_source_up{${T},source="docker"}`]: '1x1000',
    },
    quietAt: ['4h'],
    firesAt: [],
    resolvedAt: [],
    labels: {},
    description: '',
  },
];
