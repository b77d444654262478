/** The dashboard of one stage: who works at it, what waits before it, how long its jobs take and why they fail. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { DASHBOARD_UIDS, frame, oneOf } from './frame.js';
import { gpuMemoryOfStage } from './gpu-memory.js';
import { evenly, type Placeable } from './grid.js';
import { COLORS, COUNT } from './look.js';
import { heatmap, stat, timeSeries } from './panels.js';
import { problemTable } from './problem-table.js';
import { buckets, increase, now, of, overTime, rate } from './promql.js';
import { containerEnds, countFindings, drainSeconds, jobQuantile, waiting } from './queries.js';
import { EMPTY, noneIsGood, thresholds } from './thresholds.js';
import { workerTable } from './worker-table.js';
import { workerTimeline } from './worker-timeline.js';
import { workersStat } from './workers-stat.js';

const STAGE = 'stage="$stage"';

export function stageDashboard(): Dashboard {
  return frame({
    uid: DASHBOARD_UIDS.stage,
    title: 'stagewatch / Stage',
    description: 'One stage of the pipeline: its workers, its queue, its jobs and its failures.',
    from: 'now-3h',
    refresh: '15s',
    variables: [
      oneOf({
        name: 'stage',
        label: 'Stage',
        metric: 'pipeline_stage_workers{job=~"$job",instance=~"$instance"}',
      }),
    ],
    rows: [
      evenly(4, inTrouble(), workersStat(STAGE), waitingNow(), drains(), done(), limit()),
      evenly(7, problemTable(STAGE, ' at $stage')),
      evenly(10, workerTable(STAGE, '$stage')),
      evenly(10, workerTimeline(STAGE, ' at $stage')),
      evenly(8, queueDepth(), queueFlow()),
      evenly(9, durations(), durationLimits()),
      evenly(8, silence(), failures()),
      evenly(8, gpuMemoryOfStage(STAGE)),
    ],
  });
}

function inTrouble(): Placeable {
  return stat({
    title: 'Problems at $stage',
    shows: 'Open findings about the stage, its workers and its queue; consequences count with their cause.',
    good: '0.',
    otherwise: 'the table below names them.',
    unit: 'none',
    noValue: 'no answer',
    thresholds: noneIsGood(),
    targets: [now({ expr: countFindings('critical|warning', STAGE) })],
  });
}

function waitingNow(): Placeable {
  return stat({
    title: 'Waiting',
    shows: 'Messages that wait in the queue of the stage.',
    good: 'any number that does not climb.',
    otherwise: 'see whether it climbs because more comes in or because less goes out.',
    unit: COUNT,
    decimals: 0,
    noValue: 'no queue',
    targets: [now({ expr: `sum(${waiting(STAGE)})` })],
  });
}

function drains(): Placeable {
  return stat({
    title: 'Drains in',
    shows: 'How long the queue needs to empty at the pace of the last ten minutes.',
    good: 'a time you can wait for.',
    otherwise:
      '"not draining": messages wait, and it grows or stands still. More workers, or fewer orchestrators.',
    unit: 's',
    decimals: 1,
    noValue: 'not draining',
    mappings: [EMPTY],
    targets: [now({ expr: drainSeconds(STAGE), legend: '{{stage}}' })],
  });
}

function done(): Placeable {
  return stat({
    title: 'Done, last hour',
    shows: 'Jobs of the stage that succeeded within the hour before now.',
    good: 'as many as of the stages before it.',
    otherwise: 'fewer than come in: the queue grows.',
    unit: COUNT,
    decimals: 0,
    noValue: 'no answer',
    targets: [now({ expr: `sum(${increase('pipeline_stage_jobs_completed_total', '1h', STAGE)})` })],
  });
}

function limit(): Placeable {
  return stat({
    title: 'Limit in force',
    shows:
      'Time without progress after which a worker of the stage is stuck if nothing else moves. Learned from the pace of ' +
      'the stage unless `stall_after` is set for it.',
    good: 'well above the longest silence below.',
    otherwise: 'set `stall_after` of the stage when the learned limit is too strict or too lax.',
    unit: 's',
    decimals: 1,
    noValue: 'none',
    targets: [now({ expr: `min(${of('pipeline_stage_stall_limit_seconds', STAGE)})` })],
  });
}

function queueDepth(): Placeable {
  return timeSeries({
    title: 'Messages of $stage',
    shows: 'Messages that wait, and those in hand: delivered to a worker and not acknowledged yet.',
    good: 'in hand equals the number of workers at work; waiting does not climb.',
    otherwise:
      'waiting above 0 with fewer in hand than workers: a consumer is lost (WorkerStarved tells whose).',
    unit: COUNT,
    decimals: 0,
    targets: [
      overTime({ expr: `sum(${waiting(STAGE)})`, legend: 'waiting' }),
      overTime({
        expr: `sum(max by (queue, vhost) (${of('pipeline_queue_messages_unacked', STAGE)}))`,
        legend: 'in hand',
      }),
    ],
  });
}

function queueFlow(): Placeable {
  const perMinute = (metric: string): string => `sum(max by (queue, vhost) (${rate(metric, STAGE)})) * 60`;
  return timeSeries({
    title: 'In and out of $stage, messages a minute',
    shows: 'Messages published to the queue, acknowledged, and delivered once more.',
    good: 'in and out lie on one another; nothing is delivered twice.',
    otherwise:
      'out below in: the queue grows by the distance. Redelivered: workers die or lose their channel with a job in hand.',
    unit: COUNT,
    targets: [
      overTime({ expr: perMinute('pipeline_queue_published_total'), legend: 'in', minStep: '1m' }),
      overTime({ expr: perMinute('pipeline_queue_acked_total'), legend: 'out', minStep: '1m' }),
      overTime({ expr: perMinute('pipeline_queue_redelivered_total'), legend: 'redelivered', minStep: '1m' }),
    ],
  });
}

function durations(): Placeable {
  return heatmap({
    title: 'How long jobs of $stage take',
    shows: 'Completed jobs by how long they took: the brighter, the more.',
    good: 'one band at the same height all along.',
    otherwise:
      'a band that climbs is a stage that slows down; a second band above is a kind of document, or a GPU.',
    unit: 's',
    targets: [
      buckets({
        expr: `sum by (le) (${increase('pipeline_stage_job_duration_seconds_bucket', '$__rate_interval', STAGE)})`,
      }),
    ],
  });
}

function durationLimits(): Placeable {
  const overAnHour = (quantile: number): string => jobQuantile(quantile, '1h', STAGE);
  return timeSeries({
    title: 'Typical and slow jobs of $stage',
    shows: 'Median and 95th percentile of the hour before, and the time beyond which a job is called slow.',
    good: 'both below the limit and level.',
    otherwise: 'a percentile near the limit: jobs have become slower as a whole; look at GPU and host.',
    unit: 's',
    targets: [
      overTime({ expr: overAnHour(0.5), legend: 'median' }),
      overTime({ expr: overAnHour(0.95), legend: '95th percentile' }),
      overTime({
        expr: `min(${of('pipeline_stage_slow_job_seconds', STAGE)})`,
        legend: 'called slow beyond',
      }),
    ],
  });
}

function silence(): Placeable {
  return timeSeries({
    title: 'Longest silence at $stage, and its limits',
    shows:
      'The longest time that a worker with a job has been without progress, with the limit for workers that do nothing ' +
      '(stuck) and for those that are busy all the same (livelock).',
    good: 'a saw below both limits.',
    otherwise:
      'above the lower limit: stuck, if CPU and GPU are still as well. The table above says who it is.',
    unit: 's',
    targets: [
      overTime({
        expr: `max(time() - ${of('pipeline_worker_last_progress_timestamp_seconds', STAGE)})`,
        legend: 'longest silence',
      }),
      overTime({
        expr: `min(${of('pipeline_stage_stall_limit_seconds', STAGE)})`,
        legend: 'limit: nothing moves',
      }),
      overTime({ expr: `min(${of('pipeline_stage_livelock_limit_seconds', STAGE)})`, legend: 'limit: busy' }),
    ],
  });
}

function failures(): Placeable {
  return timeSeries({
    title: 'Failures of $stage',
    shows:
      'Failure sentinels by the reason in their text, ends of its containers with another code than 0 that nothing asked for, ' +
      'and lines in logs of workers under watch that fit a pattern of logs.patterns.',
    good: 'empty.',
    otherwise: 'cuda or oom: too many workers on the GPU. One reason in a burst: a batch of documents.',
    unit: COUNT,
    decimals: 0,
    style: 'bars',
    thresholds: thresholds(COLORS.bad),
    targets: [
      overTime({
        expr: `sum by (reason) (${increase('pipeline_failures_total', '$__rate_interval', STAGE)}) > 0`,
        legend: 'job failed: {{reason}}',
        minStep: '5m',
      }),
      overTime({
        expr: `sum by (reason) (${containerEnds(STAGE)}) > 0`,
        legend: 'container ended: {{reason}}',
        minStep: '5m',
      }),
      overTime({
        expr: `sum by (pattern) (${increase('pipeline_log_errors_total', '$__rate_interval', STAGE)}) > 0`,
        legend: 'log: {{pattern}}',
        minStep: '5m',
      }),
    ],
  });
}
