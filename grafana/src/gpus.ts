/** The dashboard of the GPUs: how full and how busy each is, what it reported, and who sits where. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { DASHBOARD_UIDS, frame, labelVariable, WORKER_LINK } from './frame.js';
import { gpuMemory, gpuMemoryByStage, gpuMemoryOutside } from './gpu-memory.js';
import { evenly, type Placeable } from './grid.js';
import { LIMITS } from './limits.js';
import { COLORS, WORKER_LOOK, XID_LOOK } from './look.js';
import { stat, timeSeries } from './panels.js';
import { now, of, overTime } from './promql.js';
import { orZero } from './queries.js';
import { table } from './table.js';
import { noneIsGood, plain, statusMappings, thresholds, wordMappings } from './thresholds.js';
import { statusNumber } from './worker-timeline.js';

const GPU = 'gpu=~"$gpu"';
/** Below this a GPU does nothing to speak of. */
const IDLE_RATIO = 0.05;

export function gpusDashboard(): Dashboard {
  return frame({
    uid: DASHBOARD_UIDS.gpus,
    title: 'stagewatch / GPUs',
    description: 'Memory, utilisation and errors of each GPU, and which workers sit where.',
    from: 'now-6h',
    refresh: '30s',
    variables: [
      labelVariable({
        name: 'gpu',
        label: 'GPU',
        metric: 'pipeline_gpu_info{job=~"$job",instance=~"$instance"}',
      }),
    ],
    rows: [
      evenly(4, answering(), fullest(), idle(), hottest(), power(), xids()),
      evenly(9, gpuMemory(GPU), memoryPerContainer()),
      evenly(9, gpuMemoryByStage(GPU), gpuMemoryOutside(GPU)),
      evenly(9, utilisation(), powerByGpu()),
      {
        height: 12,
        panels: [
          [8, xidTable()],
          [16, whoSitsWhere()],
        ],
      },
    ],
  });
}

function answering(): Placeable {
  return stat({
    title: 'GPUs that answer',
    shows: 'GPUs, and instances of divided ones, that DCGM tells of now.',
    good: 'as many as the host has.',
    otherwise:
      'one that is missing has fallen off the bus: its jobs are lost, and the host needs a reset or a reboot.',
    unit: 'none',
    noValue: 'none',
    targets: [now({ expr: `count(${of('pipeline_gpu_info', GPU)})` })],
  });
}

function fullest(): Placeable {
  return stat({
    title: 'Fullest memory',
    shows: 'Share of memory in use on the GPU that is fullest.',
    good: `below ${LIMITS.gpuMemoryHigh * 100} %.`,
    otherwise: 'the next job that needs more fails with out of memory: move a worker to an emptier GPU.',
    unit: 'percentunit',
    decimals: 0,
    noValue: 'none',
    thresholds: thresholds(COLORS.good, { from: LIMITS.gpuMemoryHigh, color: COLORS.bad }),
    targets: [
      now({
        expr: `max(${of('pipeline_gpu_memory_used_bytes', GPU)} / ${of('pipeline_gpu_memory_total_bytes', GPU)})`,
      }),
    ],
  });
}

function idle(): Placeable {
  return stat({
    title: 'Idle now',
    shows: `GPUs below ${IDLE_RATIO * 100} % utilisation.`,
    good: '0 while messages wait.',
    otherwise: 'workers on them are idle (no work for their stages) or stuck: the table below tells.',
    unit: 'none',
    noValue: 'none',
    thresholds: noneIsGood(COLORS.attention),
    targets: [now({ expr: orZero(`count(${of('pipeline_gpu_utilization_ratio', GPU)} < ${IDLE_RATIO})`) })],
  });
}

function hottest(): Placeable {
  return stat({
    title: 'Hottest',
    shows: 'Temperature of the hottest GPU.',
    good: 'below 85 °C.',
    otherwise: 'it slows itself down: look at fans and at what runs beside it.',
    unit: 'celsius',
    decimals: 0,
    noValue: 'none',
    thresholds: thresholds(
      COLORS.good,
      { from: 85, color: COLORS.attention },
      { from: 95, color: COLORS.bad },
    ),
    targets: [now({ expr: `max(${of('pipeline_gpu_temperature_celsius', GPU)})` })],
  });
}

function power(): Placeable {
  return stat({
    title: 'Power, all',
    shows: 'What all GPUs draw together.',
    good: 'follows the load.',
    otherwise: 'much less than usual at full utilisation: a kernel hangs.',
    unit: 'watt',
    noValue: 'none',
    targets: [now({ expr: `sum(${of('pipeline_gpu_power_watts', GPU)})` })],
  });
}

const XID_LABELS = 'instance, gpu, uuid, mig, xid';

/** A series of an XID begins with its first event, of which `increase` would know nothing. */
function xidEvents(): string {
  const events = of('pipeline_gpu_xid_events_total', GPU);
  return (
    `(max_over_time(${events}[$__range]) unless on (${XID_LABELS}) ${events} offset $__range)\n` +
    `or increase(${events}[$__range])`
  );
}

function xids(): Placeable {
  return stat({
    title: 'XID errors in the range',
    shows: 'Errors that the driver reported within the range shown.',
    good: '0.',
    otherwise:
      'the table below says which; 48, 64, 79, 95, 119 and 120 mean that the GPU needs a reset or a hand.',
    unit: 'none',
    decimals: 0,
    noValue: 'none',
    thresholds: noneIsGood(),
    targets: [now({ expr: orZero(`sum(${xidEvents()})`) })],
  });
}

function memoryPerContainer(): Placeable {
  const used = of('pipeline_gpu_memory_used_bytes', GPU);
  const tenants = `count by (instance, gpu, uuid, mig) (${of('pipeline_gpu_container_info', GPU)})`;
  return timeSeries({
    title: 'GPU memory for each container on it, mean',
    shows:
      'Memory in use divided by the containers that sit on the GPU. DCGM does not tell it of each container (nvidia-smi does, below); this tells a ' +
      'leak (it climbs) from more containers (it does not).',
    good: 'level, and alike on GPUs with the same workers.',
    otherwise:
      'climbing: a worker leaks; restart those of the stage that was deployed last, one after the other.',
    unit: 'bytes',
    targets: [
      overTime({ expr: `${used}\n/ on (instance, gpu, uuid, mig) ${tenants}`, legend: 'GPU {{gpu}}' }),
    ],
  });
}

function utilisation(): Placeable {
  return timeSeries({
    title: 'Utilisation, by GPU',
    shows: 'Share of time in which each GPU worked.',
    good: 'high and alike on all.',
    otherwise:
      'one GPU below the others: its workers wait or are stuck. All low with messages waiting: the CPU is short.',
    unit: 'percentunit',
    max: 1,
    targets: [overTime({ expr: of('pipeline_gpu_utilization_ratio', GPU), legend: 'GPU {{gpu}}' })],
  });
}

function powerByGpu(): Placeable {
  return timeSeries({
    title: 'Power, by GPU',
    shows: 'What each GPU draws.',
    good: 'follows the utilisation beside it.',
    otherwise: 'full utilisation at idle power is a kernel that spins or hangs: the workers there are stuck.',
    unit: 'watt',
    targets: [overTime({ expr: of('pipeline_gpu_power_watts', GPU), legend: 'GPU {{gpu}}' })],
  });
}

function xidTable(): Placeable {
  const words = Object.fromEntries(
    Object.entries(XID_LOOK).map(([xid, { text, fault }]) => [
      xid,
      { text: `${xid} · ${text}`, color: fault === 'hardware' ? COLORS.bad : COLORS.attention },
    ]),
  );
  return table({
    title: 'XID errors in the range',
    shows: 'Which GPU reported which error, and how often.',
    good: 'no row.',
    otherwise:
      'errors of a program: look at the worker’s log. Errors of the hardware: drain the GPU and reset it.',
    noValue: 'No XID error in this range.',
    sortedBy: 'Events',
    columns: [
      { of: { label: 'gpu' }, title: 'GPU', width: 70 },
      { of: { label: 'xid' }, title: 'XID', mappings: [wordMappings(words)] },
      { of: { expr: `max by (gpu, xid) (${xidEvents()}) > 0` }, title: 'Events', decimals: 0, width: 90 },
    ],
  });
}

function whoSitsWhere(): Placeable {
  const status = statusNumber('');
  return table({
    title: 'Who sits where',
    shows: 'Containers that may use each GPU, and what they do now, the worst first.',
    good: 'stages spread over all GPUs alike.',
    otherwise: 'filter the column GPU to see who shares it; open the name of the container for its evidence.',
    noValue: 'No container is linked to a GPU.',
    sortedBy: 'Status',
    columns: [
      { of: { label: 'gpu' }, title: 'GPU', width: 70 },
      { of: { label: 'container' }, title: 'Container', link: WORKER_LINK },
      { of: { label: 'stage' }, title: 'Stage', width: 120 },
      {
        of: {
          expr:
            `max by (gpu, container, stage) (${of('pipeline_gpu_container_info', GPU)}\n` +
            `* on (instance, container) group_left max by (instance, container) (${status}))`,
        },
        title: 'Status',
        mappings: statusMappings(WORKER_LOOK),
        thresholds: plain(),
      },
    ],
  });
}
