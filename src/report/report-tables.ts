/** The tables of a report. */

import type { Section, Table } from './report-shape.js';
import { type AlertFacts, detectSeconds, type RunFacts, recoverSeconds } from './run-facts.js';
import { sayCount, sayGib, sayNumbered, saySeconds, sayShare, sayTimeWithin, UNKNOWN } from './words.js';

const MAX_STUCK = 10;
const MAX_RESTARTS = 30;
const MAX_GROUPS = 10;
const MAX_ALERTS = 40;

type Columns = readonly (readonly [title: string, align: 'left' | 'right'])[];

function table(columns: Columns, rows: Table['rows']): Table {
  return { columns: columns.map(([title, align]) => ({ title, align })), rows };
}

/** Says how many are not shown, where some are not. */
function shorten(note: string, total: number, max: number): { readonly note?: string } {
  const left = total > max ? `The first ${max} of ${sayCount(total)}.` : '';
  const text = [note, left].filter((part) => part !== '').join(' ');
  return text === '' ? {} : { note: text };
}

export function stagesSection({ stages }: RunFacts): Section {
  const title = 'Stages';
  if (stages.length === 0) return { title, note: 'Nothing is known of stages.' };
  const rows = stages.map((stage) => [
    stage.branch ?? '',
    stage.name === null || stage.name === stage.id ? stage.id : `${stage.id} ${stage.name}`,
    sayCount(stage.completed),
    stage.failed === 0 ? '' : sayCount(stage.failed),
    saySeconds(stage.p50Seconds),
    saySeconds(stage.p95Seconds),
    saySeconds(stage.queueWaitSeconds),
    sayShare(stage.bottleneckShare),
    stage.stuckSeconds === 0 ? '' : saySeconds(stage.stuckSeconds),
  ]);
  const columns: Columns = [
    ['', 'left'],
    ['stage', 'left'],
    ['jobs', 'right'],
    ['failed', 'right'],
    ['p50', 'right'],
    ['p95', 'right'],
    ['queue wait', 'right'],
    ['bottleneck', 'right'],
    ['stuck', 'right'],
  ];
  const note =
    'Queue wait: mean time of a message before a worker took it. Bottleneck: share of the time in which what waited here took longest to be worked off.';
  return { title, note, table: table(columns, rows) };
}

export function stuckSection({ stuck }: RunFacts): Section {
  const title = 'Stuck time';
  if (stuck.length === 0) return { title, note: 'No worker was stuck.' };
  const rows = stuck
    .slice(0, MAX_STUCK)
    .map(({ container, stage, seconds }) => [container, stage ?? '', saySeconds(seconds)]);
  const total = stuck.reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    title,
    ...shorten(
      `${saySeconds(total)} ${stuck.length === 1 ? 'of 1 worker' : `of ${sayNumbered(stuck.length, 'worker')} together`}.`,
      stuck.length,
      MAX_STUCK,
    ),
    table: table(
      [
        ['worker', 'left'],
        ['stage', 'left'],
        ['stuck for', 'right'],
      ],
      rows,
    ),
  };
}

export function restartsSection({ restarts, restartCounts, range }: RunFacts): Section {
  const title = 'Restarts';
  const causes = restartCounts
    ? `By the restart policy ${sayCount(restartCounts.policy)}, by stagewatch ${sayCount(restartCounts.stagewatch)}, by others ${sayCount(restartCounts.other)}.`
    : '';
  if (restarts.length === 0) return { title, note: causes === '' ? 'None is known.' : causes };
  const rows = restarts
    .slice(-MAX_RESTARTS)
    .map((one) => [
      sayTimeWithin(one.atMs, range),
      one.container,
      one.stage ?? '',
      (one.result ?? 'end not known').replaceAll('_', ' '),
      one.by ?? '',
      one.lost ?? UNKNOWN,
      one.why ?? '',
    ]);
  const columns: Columns = [
    ['at', 'left'],
    ['worker', 'left'],
    ['stage', 'left'],
    ['outcome', 'left'],
    ['by', 'left'],
    ['work lost', 'left'],
    ['cause', 'left'],
  ];
  return { title, ...shorten(causes, restarts.length, MAX_RESTARTS), table: table(columns, rows) };
}

export function failuresSection({ failures }: RunFacts): Section {
  const title = 'Failures';
  if (failures.length === 0) return { title, note: 'None.' };
  const rows = failures
    .slice(0, MAX_GROUPS)
    .map(({ count, reason, signature, stages, workers, examples }) => {
      const [first] = examples;
      const example = first
        ? [first.document, first.worker].filter((part) => part !== null).join(' by ')
        : '';
      return [
        sayCount(count),
        reason,
        stages.join(', '),
        workers === 0 ? '' : sayCount(workers),
        example,
        signature,
      ];
    });
  const columns: Columns = [
    ['count', 'right'],
    ['reason', 'left'],
    ['stages', 'left'],
    ['workers', 'right'],
    ['for example', 'left'],
    ['error', 'left'],
  ];
  const note = 'Grouped by what is alike in their words.';
  return { title, ...shorten(note, failures.length, MAX_GROUPS), table: table(columns, rows) };
}

const SEVERITY_RANKS: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };

export function alertsSection({ alerts, range }: RunFacts): Section {
  const title = 'Alerts';
  const own = alerts.filter(({ isConsequence }) => !isConsequence);
  if (own.length === 0) return { title, note: 'None.' };
  const rankOf = ({ severity }: AlertFacts): number => SEVERITY_RANKS[severity] ?? 1;
  const rows = own
    .toSorted((one, other) => rankOf(one) - rankOf(other) || one.openedAtMs - other.openedAtMs)
    .slice(0, MAX_ALERTS)
    .map((alert) => [
      alert.severity,
      alert.kind,
      alert.subject,
      alert.stage ?? '',
      sayTimeWithin(alert.openedAtMs, range),
      saySeconds(detectSeconds(alert)),
      alert.clearedAtMs === null ? 'still open' : saySeconds(recoverSeconds(alert)),
    ]);
  const columns: Columns = [
    ['severity', 'left'],
    ['alert', 'left'],
    ['who', 'left'],
    ['stage', 'left'],
    ['opened', 'left'],
    ['to detect', 'right'],
    ['to recover', 'right'],
  ];
  const more = alerts.length - own.length;
  const note =
    more === 0
      ? ''
      : `${sayCount(more)} more ${more === 1 ? 'was a consequence' : 'were consequences'} of a common cause.`;
  return { title, ...shorten(note, own.length, MAX_ALERTS), table: table(columns, rows) };
}

/** Below a tenth of a GPU-hour there is nothing to give back. */
function sayIdle(gpuHours: number | null | undefined): string {
  return gpuHours && gpuHours >= 0.1 ? `, ${gpuHours.toFixed(1)} GPU-hours held without a job` : '';
}

export function gpuSection({ gpus, stages }: RunFacts): Section {
  const title = 'GPU memory at its peak';
  if (gpus.length === 0) return { title, note: 'Not known.' };
  const ofGpus = gpus.map(({ gpu, peakBytes, totalBytes, stages: users }) => [
    `GPU ${gpu}`,
    sayGib(peakBytes),
    sayShare(totalBytes ? peakBytes / totalBytes : null),
    users.join(', '),
  ]);
  const ids = [...new Set([...stages.map(({ id }) => id), ...gpus.flatMap((gpu) => gpu.stages)])];
  const ofStages = ids.flatMap((id) => {
    const { gpuPeakBytes: own, gpuIdleHours } = stages.find((stage) => stage.id === id) ?? {};
    if (own) return [[id, sayGib(own), '', `own containers${sayIdle(gpuIdleHours)}`]];
    const used = gpus.filter((gpu) => gpu.stages.includes(id));
    const peak = used.toSorted((one, other) => other.peakBytes - one.peakBytes)[0];
    if (!peak) return [];
    const share = peak.totalBytes ? peak.peakBytes / peak.totalBytes : null;
    return [[id, sayGib(peak.peakBytes), sayShare(share), `GPU ${peak.gpu}`]];
  });
  return {
    title,
    note: 'By GPU with the stages that use it; by stage what its containers held, or the fullest GPU that its workers share.',
    table: table(
      [
        ['', 'left'],
        ['peak', 'right'],
        ['of all', 'right'],
        ['shared with', 'left'],
      ],
      [...ofGpus, ...ofStages],
    ),
  };
}
