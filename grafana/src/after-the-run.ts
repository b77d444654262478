/** The dashboard for looking back: what the run did, where the time went, what broke and what was done about it. */

import { BigValueTextMode } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { WorkerStatus } from '../../src/detectors/verdicts.js';
import { alertTimeline } from './alert-timeline.js';
import { DASHBOARD_UIDS, frame } from './frame.js';
import { evenly, type Placeable } from './grid.js';
import { LIMITS } from './limits.js';
import { COLORS, COUNT, WORKER_LOOK } from './look.js';
import { bars, stat, timeSeries } from './panels.js';
import { increase, now, of, overTime, rate, wholeSeconds } from './promql.js';
import { containerEnds, messagesWaited } from './queries.js';
import { containerRestarts, restartOutcomes } from './restart-tables.js';
import { stageTotals } from './stage-totals.js';
import { fixedColor, noneIsGood, thresholds } from './thresholds.js';

const RANGE = '$__range';

export function afterTheRun(): Dashboard {
  return frame({
    uid: DASHBOARD_UIDS.afterTheRun,
    title: 'stagewatch / After the run',
    description:
      'Choose the time of the run at the top right; every number is of that range: totals, bottleneck, failures, restarts.',
    from: 'now-12h',
    refresh: '',
    rows: [
      evenly(4, done(), failed(), bottleneck(), waited(), restarts(), peakMemory()),
      evenly(12, stageTotals()),
      evenly(11, alertTimeline()),
      evenly(8, workerTime(), throughput()),
      evenly(8, restartOutcomes(), containerRestarts()),
      evenly(8, failuresByReason(), peakMemoryByGpu()),
    ],
  });
}

function done(): Placeable {
  return stat({
    title: 'Jobs done',
    shows: 'Jobs of all stages that succeeded within the range.',
    good: 'documents times stages.',
    otherwise: 'the table of stages shows where they were lost.',
    unit: COUNT,
    decimals: 0,
    targets: [now({ expr: `sum(${increase('pipeline_stage_jobs_completed_total', RANGE)})` })],
  });
}

function failed(): Placeable {
  const lost = `sum(${increase('pipeline_stage_jobs_failed_total', RANGE)})`;
  return stat({
    title: 'Share of jobs that failed',
    shows: 'Failed jobs of all that ended within the range.',
    good: 'below 1 %, the broken documents.',
    otherwise: 'see the failures by reason below.',
    unit: 'percentunit',
    decimals: 2,
    thresholds: thresholds(
      COLORS.good,
      { from: 0.01, color: COLORS.attention },
      { from: 0.05, color: COLORS.bad },
    ),
    targets: [
      now({ expr: `${lost}\n/ (${lost} + sum(${increase('pipeline_stage_jobs_completed_total', RANGE)}))` }),
    ],
  });
}

function bottleneck(): Placeable {
  return stat({
    title: 'Bottleneck',
    shows: 'The stage before which messages waited longest in sum, as time times messages.',
    good: 'the stage that you would have named.',
    otherwise: 'it is where one more worker helps most; everywhere else it helps nothing.',
    unit: 's',
    decimals: 1,
    textMode: BigValueTextMode.ValueAndName,
    noValue: 'nothing waited',
    targets: [now({ expr: `topk(1, floor(${messagesWaited()}) > 0)`, legend: '{{stage}}' })],
  });
}

function waited(): Placeable {
  return stat({
    title: 'Waited in queues',
    shows: 'Time times messages that waited, of all queues.',
    good: 'small against jobs done times their duration.',
    otherwise: 'the run was held up by its bottleneck, not by its jobs.',
    unit: 's',
    decimals: 1,
    targets: [now({ expr: wholeSeconds(`sum(${messagesWaited()})`) })],
  });
}

function restarts(): Placeable {
  return stat({
    title: 'Restarts',
    shows: 'Restarts of containers by anybody: their policy, stagewatch, people.',
    good: '0.',
    otherwise: 'the tables below say of whom, by whom, and whether it helped.',
    unit: COUNT,
    decimals: 0,
    thresholds: noneIsGood(COLORS.attention),
    targets: [now({ expr: `sum(${increase('pipeline_container_restarts_total', RANGE, 'role!="other"')})` })],
  });
}

function peakMemory(): Placeable {
  return stat({
    title: 'Peak GPU memory',
    shows: 'The fullest that any GPU was within the range.',
    good: `below ${LIMITS.gpuMemoryHigh * 100} %.`,
    otherwise: 'there was no room for one more worker on that GPU.',
    unit: 'percentunit',
    decimals: 0,
    noValue: 'no GPU',
    thresholds: thresholds(COLORS.good, { from: LIMITS.gpuMemoryHigh, color: COLORS.bad }),
    targets: [now({ expr: `max(${peakShare()})` })],
  });
}

function peakShare(): string {
  const used = of('pipeline_gpu_memory_used_bytes');
  const total = of('pipeline_gpu_memory_total_bytes');
  return `max_over_time(${used}[${RANGE}])\n/ max_over_time(${total}[${RANGE}])`;
}

/** From the bottom up: at work, without work, lost. */
const STACK: readonly WorkerStatus[] = [
  'active',
  'slow',
  'idle',
  'starting',
  'starved',
  'down',
  'stuck',
  'unknown',
];

function workerTime(): Placeable {
  const panel = timeSeries({
    title: 'What the workers did',
    shows: 'How many workers had each status.',
    good: 'green, with grey on top of it where there was no work.',
    otherwise:
      'grey while a queue was long is capacity at the wrong stage; what lies above the grey is time that was lost.',
    unit: COUNT,
    decimals: 0,
    style: 'area',
    targets: STACK.map((status) =>
      overTime({
        expr: `sum(${of('pipeline_stage_workers', `status="${status}"`)})`,
        legend: status,
        minStep: '1m',
      }),
    ),
  });
  for (const status of STACK) {
    const { color } = WORKER_LOOK[status];
    panel.overrideByName(status, [fixedColor(color === 'transparent' ? COLORS.calm : color)]);
  }
  return panel;
}

function throughput(): Placeable {
  return timeSeries({
    title: 'Throughput by stage, jobs an hour',
    shows: 'Jobs of each stage that succeeded, as a rate an hour.',
    good: 'level to the end.',
    otherwise: 'a dip of all lines at once is the host, the broker or the disk; of one line, its stage.',
    unit: COUNT,
    targets: [
      overTime({
        expr: `sum by (stage) (${rate('pipeline_stage_jobs_completed_total')}) * 3600`,
        legend: '{{stage}}',
        minStep: '2m',
      }),
    ],
  });
}

function failuresByReason(): Placeable {
  return bars({
    title: 'Failures by reason',
    shows:
      'Failure sentinels by the reason in their text, and ends of containers with another code than 0 ' +
      'that no stop or restart asked for.',
    good: 'few broken documents.',
    otherwise:
      'oom: fewer workers a GPU or host. error: the log of the worker. A failure of reason "other" can be given a name ' +
      'of its own under `sentinels` in the configuration.',
    unit: COUNT,
    decimals: 0,
    thresholds: thresholds(COLORS.attention),
    targets: [
      now({
        expr: `sort_desc(sum by (reason) (${increase('pipeline_failures_total', RANGE)}) > 0)`,
        legend: 'job failed: {{reason}}',
      }),
      now({
        expr: `sort_desc(sum by (reason) (${containerEnds('', RANGE)}) > 0)`,
        legend: 'container ended: {{reason}}',
      }),
    ],
  });
}

function peakMemoryByGpu(): Placeable {
  return bars({
    title: 'Peak memory by GPU',
    shows: 'The fullest that each GPU was.',
    good: 'alike, with some room left.',
    otherwise: 'unlike: the models are spread unevenly.',
    unit: 'percentunit',
    decimals: 0,
    max: 1,
    thresholds: thresholds(COLORS.good, { from: LIMITS.gpuMemoryHigh, color: COLORS.bad }),
    targets: [now({ expr: `sort_desc(${peakShare()})`, legend: 'GPU {{gpu}}' })],
  });
}
