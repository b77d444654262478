/** The dashboard for the one who was woken: is it bad, what is it, where is the bottleneck, is it getting better. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { DASHBOARD_UIDS, frame } from './frame.js';
import { gpuMemory } from './gpu-memory.js';
import { evenly, type Placeable } from './grid.js';
import { LIMITS } from './limits.js';
import { COLORS, COUNT } from './look.js';
import { stat, timeSeries } from './panels.js';
import { problemTable } from './problem-table.js';
import { increase, now, of, overTime, rate, topTen, wholeSeconds } from './promql.js';
import { containerEnds, countFindings, trendPerMinute, waiting } from './queries.js';
import { stageTable } from './stage-table.js';
import { noneIsGood, thresholds } from './thresholds.js';
import { workerTimeline } from './worker-timeline.js';
import { workersStat } from './workers-stat.js';

export function runNow(): Dashboard {
  return frame({
    uid: DASHBOARD_UIDS.runNow,
    title: 'stagewatch / Run now',
    description:
      'What is wrong in the pipeline now, where the bottleneck is, and whether it is getting better.',
    from: 'now-1h',
    refresh: '15s',
    rows: [
      evenly(4, critical(), warnings(), workersStat(), jobsDone(), failures(), dataAge()),
      evenly(8, problemTable()),
      evenly(12, stageTable()),
      evenly(12, workerTimeline()),
      evenly(8, waitingByQueue(), trendByQueue()),
      evenly(8, throughput(), failuresByReason()),
      evenly(8, gpuMemory(), documentsByStage()),
    ],
  });
}

function critical(): Placeable {
  return stat({
    title: '▲ Critical now',
    shows: 'Findings that stop the run or lose work: causes, without what follows from them.',
    good: '0.',
    otherwise: 'the table below names them, worst first.',
    unit: 'none',
    thresholds: noneIsGood(),
    noValue: 'no answer',
    targets: [now({ expr: countFindings('critical') })],
  });
}

function warnings(): Placeable {
  return stat({
    title: '◆ Warnings now',
    shows: 'Findings that will become critical, or cost throughput: causes, without what follows from them.',
    good: '0, or a few that come and go.',
    otherwise: 'read them once an hour; a warning that stays for hours needs a person.',
    unit: 'none',
    thresholds: noneIsGood(COLORS.attention),
    noValue: 'no answer',
    targets: [now({ expr: countFindings('warning') })],
  });
}

function jobsDone(): Placeable {
  return stat({
    title: 'Jobs done, last hour',
    shows: 'Jobs of all stages that succeeded within the hour before now.',
    good: 'steady, or rising after workers were added.',
    otherwise: 'compare with the throughput by stage: the stage that fell first holds up those behind it.',
    unit: COUNT,
    decimals: 0,
    noValue: 'no answer',
    targets: [now({ expr: `sum(${increase('pipeline_stage_jobs_completed_total', '1h')})` })],
  });
}

function failures(): Placeable {
  return stat({
    title: 'Jobs failed, last hour',
    shows: 'Jobs that ended with a failure, told by their state or a failure sentinel.',
    good: '0, or the few documents that are really broken.',
    otherwise: 'the failures by reason below tell a bad batch from a bad worker.',
    unit: COUNT,
    decimals: 0,
    noValue: 'no answer',
    thresholds: thresholds(
      COLORS.good,
      { from: 0.5, color: COLORS.attention },
      { from: 20, color: COLORS.bad },
    ),
    targets: [now({ expr: `sum(${increase('pipeline_stage_jobs_failed_total', '1h')})` })],
  });
}

function dataAge(): Placeable {
  return stat({
    title: 'Age of the data',
    shows: 'How long ago the source that is furthest behind was last read.',
    good: `below ${LIMITS.staleSeconds} s: beyond it nothing is judged by that source.`,
    otherwise:
      'the dashboard stagewatch says which source is down and why. "no answer": the daemon itself is down.',
    unit: 's',
    decimals: 0,
    noValue: 'no answer',
    thresholds: thresholds(
      COLORS.good,
      { from: LIMITS.staleSeconds, color: COLORS.attention },
      { from: 300, color: COLORS.bad },
    ),
    targets: [
      now({ expr: wholeSeconds(`time() - min(${of('stagewatch_source_last_success_timestamp_seconds')})`) }),
    ],
  });
}

function waitingByQueue(): Placeable {
  const height = `max by (queue, vhost) (max_over_time(${of('pipeline_queue_messages_ready')}[$__range] @ end()))`;
  return timeSeries({
    title: 'Messages waiting, by queue',
    shows: 'Messages that wait for a consumer, in the ten queues that were longest within the range.',
    good: 'flat or falling; a long queue before the slowest stage is what a full pipeline looks like.',
    otherwise: 'a queue that climbs for good needs workers at its stage, or has lost some: open the stage.',
    unit: COUNT,
    decimals: 0,
    targets: [overTime({ expr: topTen(waiting(''), 'queue, vhost', height), legend: '{{queue}}' })],
  });
}

function trendByQueue(): Placeable {
  const height = `max by (queue, vhost) (abs(deriv(${of('pipeline_queue_messages_ready')}[10m] @ end())))`;
  return timeSeries({
    title: 'Trend of the queues, messages a minute',
    shows:
      'How fast each queue grows (above 0) or drains (below), by the straight line through ten minutes. ' +
      `Beyond the dashed line, ${LIMITS.queueRisePerMinute} a minute, a queue that keeps rising is told as QueueGrowing.`,
    good: 'around 0.',
    otherwise: 'the time to act is the distance to the size your broker can hold, divided by this.',
    unit: COUNT,
    thresholds: thresholds(COLORS.good, { from: LIMITS.queueRisePerMinute, color: COLORS.attention }),
    drawsThresholds: true,
    targets: [overTime({ expr: topTen(trendPerMinute(''), 'queue, vhost', height), legend: '{{queue}}' })],
  });
}

function throughput(): Placeable {
  return timeSeries({
    title: 'Throughput by stage, jobs an hour',
    shows: 'Jobs of each stage that succeeded, as a rate an hour.',
    good: 'the lines of stages that every document passes lie on one another.',
    otherwise:
      'the lowest of those lines is the bottleneck: what is before it fills up, what is behind it starves.',
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
  return timeSeries({
    title: 'Failures by reason',
    shows:
      'Failure sentinels by the reason in their text, and ends of containers with another code than 0 that nothing asked for: ' +
      'a worker that is killed writes no sentinel.',
    good: 'empty.',
    otherwise:
      'one reason in a burst is a bad batch, a GPU or a broken image; oom means too many workers a GPU or host.',
    unit: COUNT,
    decimals: 0,
    style: 'bars',
    targets: [
      overTime({
        expr: `sum by (reason) (${increase('pipeline_failures_total', '$__rate_interval')}) > 0`,
        legend: 'job failed: {{reason}}',
        minStep: '5m',
      }),
      overTime({
        expr: `sum by (reason) (${containerEnds()}) > 0`,
        legend: 'container ended: {{reason}}',
        minStep: '5m',
      }),
    ],
  });
}

function documentsByStage(): Placeable {
  return timeSeries({
    title: 'Where the documents are',
    shows: 'Orchestrators by the stage that they are at; each carries one document.',
    good: 'thickest at the slowest stage, the same all the time.',
    otherwise: 'a layer that grows until it is all there is: that stage has stopped. Open it.',
    unit: COUNT,
    decimals: 0,
    style: 'area',
    targets: [
      overTime({
        expr: `sum by (stage) (${of('pipeline_stage_orchestrators', 'status!="done"')})`,
        legend: '{{stage}}',
      }),
    ],
  });
}
