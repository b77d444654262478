/** The dashboard of the daemon itself: can its picture be trusted, and what does it cost. */

import { BigValueTextMode } from '@grafana/grafana-foundation-sdk/common';
import { type Dashboard, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { DASHBOARD_UIDS, frame } from './frame.js';
import { evenly, type Placeable } from './grid.js';
import { LIMITS } from './limits.js';
import { COLORS, COUNT } from './look.js';
import { stat, stateTimeline, timeSeries } from './panels.js';
import { increase, now, of, overTime, rate, wholeSeconds } from './promql.js';
import { noneIsGood, thresholds } from './thresholds.js';

export function selfDashboard(): Dashboard {
  return frame({
    uid: DASHBOARD_UIDS.self,
    title: 'stagewatch / stagewatch',
    description: 'Whether the daemon sees everything, how late it is, and what it costs.',
    from: 'now-6h',
    refresh: '30s',
    rows: [
      evenly(4, isUp(), sourcesDown(), judged(), configuration(), journal(), version()),
      evenly(7, sources()),
      evenly(8, sourceAge(), sourceFailures()),
      evenly(8, delays(), notifications()),
      evenly(8, cpu(), memory(), loopDelay()),
    ],
  });
}

const GOOD_OR_BAD = (good: string, bad: string) => [
  {
    type: MappingType.ValueToText as const,
    options: { '1': { text: good, color: COLORS.good }, '0': { text: bad, color: COLORS.bad } },
  },
];

function isUp(): Placeable {
  return stat({
    title: 'Daemon',
    shows: 'Whether Prometheus reaches the daemon.',
    good: 'up.',
    otherwise: 'docker logs stagewatch. Until it is back, every panel shows the past.',
    unit: 'none',
    noValue: 'not scraped',
    mappings: GOOD_OR_BAD('● up', '■ down'),
    targets: [now({ expr: `min(${of('up')})` })],
  });
}

function sourcesDown(): Placeable {
  return stat({
    title: 'Sources down',
    shows: 'Sources whose last read failed.',
    good: '0.',
    otherwise: 'what the source tells is stale: the findings that rest on it stay open, unconfirmed.',
    unit: 'none',
    noValue: 'no answer',
    thresholds: noneIsGood(),
    targets: [now({ expr: `sum(1 - ${of('stagewatch_source_up')})` })],
  });
}

function judged(): Placeable {
  return stat({
    title: 'Judged',
    shows: 'How long ago everything was judged last.',
    good: 'seconds.',
    otherwise: 'the daemon is overloaded, or its judgement fails: its log says so.',
    unit: 's',
    decimals: 0,
    noValue: 'no answer',
    thresholds: thresholds(
      COLORS.good,
      { from: 30, color: COLORS.attention },
      { from: 120, color: COLORS.bad },
    ),
    targets: [
      now({ expr: wholeSeconds(`time() - min(${of('stagewatch_last_evaluation_timestamp_seconds')})`) }),
    ],
  });
}

function configuration(): Placeable {
  return stat({
    title: 'Configuration',
    shows: 'Whether the last configuration that it was given is in force.',
    good: 'in force.',
    otherwise: 'stagewatch check-config names every fault with its line; the last good one stays in force.',
    unit: 'none',
    noValue: 'no answer',
    mappings: GOOD_OR_BAD('● in force', '✖ refused'),
    targets: [now({ expr: `min(${of('stagewatch_config_last_reload_successful')})` })],
  });
}

function journal(): Placeable {
  return stat({
    title: 'Journal',
    shows: 'Whether what happens can be written to data_dir.',
    good: 'written.',
    otherwise: 'the disk of data_dir is full or read-only; what happens meanwhile is lost for looking back.',
    unit: 'none',
    noValue: 'no answer',
    mappings: GOOD_OR_BAD('● written', '✖ not writable'),
    targets: [now({ expr: `min(${of('stagewatch_journal_writable')})` })],
  });
}

function version(): Placeable {
  return stat({
    title: 'Version',
    shows: 'Version of stagewatch.',
    good: 'the same on all hosts.',
    otherwise: 'update the others: findings and metrics may differ.',
    unit: 'none',
    noValue: 'no answer',
    textMode: BigValueTextMode.Name,
    targets: [now({ expr: `count by (version) (${of('stagewatch_build_info')})`, legend: '{{version}}' })],
  });
}

function sources(): Placeable {
  return stateTimeline({
    title: 'Sources over time',
    shows: 'Whether the last read of each source succeeded.',
    good: 'green all along.',
    otherwise:
      'red: the finding SourceDown says what the source answered. Nothing is judged by a stale source.',
    mappings: GOOD_OR_BAD('● up', '■ down'),
    targets: [overTime({ expr: `min by (source) (${of('stagewatch_source_up')})`, legend: '{{source}}' })],
  });
}

function sourceAge(): Placeable {
  return timeSeries({
    title: 'Age of what each source told',
    shows: 'Time since each source was last read whole. Beyond the dashed line it is stale while it is down.',
    good: 'a flat saw: docker up to a minute (its events come at once), the others seconds.',
    otherwise: 'a line that climbs without end is a source that fails or hangs; the reasons stand beside.',
    unit: 's',
    thresholds: thresholds(COLORS.good, { from: LIMITS.staleSeconds, color: COLORS.attention }),
    drawsThresholds: true,
    targets: [
      overTime({
        expr: `max by (source) (time() - ${of('stagewatch_source_last_success_timestamp_seconds')})`,
        legend: '{{source}}',
      }),
    ],
  });
}

function sourceFailures(): Placeable {
  return timeSeries({
    title: 'Failed reads, by source and reason',
    shows: 'Reads of a source that failed, whole or in part.',
    good: 'empty.',
    otherwise:
      'unreachable or timeout: the system or the network; the other reasons mean its address, rights or version.',
    unit: COUNT,
    decimals: 0,
    style: 'bars',
    targets: [
      overTime({
        expr: `sum by (source, reason) (${increase('stagewatch_source_failures_total', '$__rate_interval')}) > 0`,
        legend: '{{source}}: {{reason}}',
        minStep: '1m',
      }),
    ],
  });
}

function delays(): Placeable {
  const quantile = (metric: string): string =>
    `histogram_quantile(0.99, sum by (le) (${rate(`${metric}_bucket`)}))`;
  return timeSeries({
    title: 'How late it is',
    shows:
      'Of 99 in 100 sentinels, how long after they were written they were counted; of 99 in 100 judgements, how long they ' +
      'took; and the slowest read of a source.',
    good: 'sentinels within 2 s, judgements within 0.1 s.',
    otherwise: 'sentinels late: a slow file system. Judgements slow: too little CPU for the daemon.',
    unit: 's',
    targets: [
      overTime({
        expr: quantile('pipeline_sentinel_detection_delay_seconds'),
        legend: 'sentinel counted',
        minStep: '1m',
      }),
      overTime({
        expr: quantile('stagewatch_evaluation_duration_seconds'),
        legend: 'judgement',
        minStep: '1m',
      }),
      overTime({ expr: `max(${of('stagewatch_source_duration_seconds')})`, legend: 'slowest read' }),
    ],
  });
}

function notifications(): Placeable {
  return timeSeries({
    title: 'Notifications',
    shows: 'What was sent by the daemon itself, by channel, and what could not be sent.',
    good: 'few, and all sent.',
    otherwise:
      'failed: stagewatch test-notification says why; NotificationsFailing is told by the other channels.',
    unit: COUNT,
    decimals: 0,
    style: 'bars',
    targets: [
      overTime({
        expr: `sum by (channel, result) (${increase('stagewatch_notifications_total', '$__rate_interval')}) > 0`,
        legend: '{{channel}}: {{result}}',
        minStep: '5m',
      }),
    ],
  });
}

function cpu(): Placeable {
  return timeSeries({
    title: 'Its CPU',
    shows: 'Processor time of the daemon a second: 1 is one core.',
    good: 'below 0.1 for 300 containers.',
    otherwise: 'see docs/performance.md for what it should cost at your size.',
    unit: 'percentunit',
    targets: [overTime({ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' })],
  });
}

function memory(): Placeable {
  return timeSeries({
    title: 'Its memory',
    shows: 'Resident memory of the daemon.',
    good: 'level after the first hour, below 200 MiB for 300 containers.',
    otherwise:
      'a line that climbs for a day is a leak of ours: please report it with the number of containers.',
    unit: 'bytes',
    targets: [overTime({ expr: of('process_resident_memory_bytes'), legend: '{{instance}}' })],
  });
}

function loopDelay(): Placeable {
  return timeSeries({
    title: 'Its delay',
    shows: 'How late timers of the daemon fire, 99 in 100, and how long a scrape takes.',
    good: 'well below 0.1 s.',
    otherwise: 'the daemon is starved of CPU: everything it says is late by as much.',
    unit: 's',
    targets: [
      overTime({ expr: `max(${of('nodejs_eventloop_lag_p99_seconds')})`, legend: 'timers' }),
      overTime({ expr: `max(${of('scrape_duration_seconds')})`, legend: 'scrape' }),
    ],
  });
}
