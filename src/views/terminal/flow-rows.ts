/** The stages of the status screen: a line each in DAG order, with what waits, who works and how fast. */

import type { Flow, StageCard, StageQueue } from '../picture/flow-model.js';
import {
  formatCount,
  formatDuration,
  formatNumbered,
  formatPerHour,
  formatTrend,
  trendArrow,
} from '../picture/format.js';
import { countSpans, heading, indented, type Row, severitySpan } from './rows.js';
import { type Column, type Line, line, paragraph, span, table } from './spans.js';

const COLUMNS: readonly Column[] = [
  { weight: 9, max: 2 },
  { weight: 10, max: 30 },
  { weight: 9, align: 'right' },
  { weight: 6 },
  { weight: 8, max: 44 },
  { weight: 7, align: 'right' },
  { weight: 5, align: 'right' },
  { weight: 3, align: 'right' },
  { weight: 4, align: 'right' },
  { weight: 1, align: 'right' },
  { weight: 2, max: 30 },
];
const TITLES = [
  '',
  'stage',
  'waiting',
  'trend',
  'workers',
  'jobs/h',
  'p95',
  'limit',
  'failed',
  'done',
  'last hour',
];

export function flowRows(flow: Flow, width: number): readonly Row[] {
  if (flow.stages.length === 0) return [];
  const cells = flow.rows.flatMap(({ branch, stages }) =>
    stages.map((card, index) => cellsOf(card, index === 0 ? branch : null, index === stages.length - 1)),
  );
  const cards = flow.rows.flatMap(({ stages }) => stages);
  const [titles, ...lines] = table(
    [TITLES.map((title, index) => titleCell(title, index, cells)), ...cells],
    COLUMNS,
    width - 2,
  );
  return [
    heading('FLOW'),
    ...(titles ? [{ line: indented(titles) }] : []),
    ...lines.flatMap((text, index): readonly Row[] => {
      const card = cards[index];
      if (!card) return [];
      const target = {
        key: `stage ${card.id}`,
        title: card.label,
        details: [detailsOf(card)],
        commands: [{ text: `stagewatch status --stage ${card.id}`, purpose: 'who serves the stage' }],
      };
      return [{ line: indented(text), target }, ...bottleneckRows(card, width)];
    }),
  ];
}

/** A title only above a column that has something in it. */
function titleCell(title: string, index: number, cells: readonly (readonly Line[])[]): Line {
  return cells.some((row) => (row[index] ?? []).some(({ text }) => text !== '')) ? [span(title, 'dim')] : [];
}

function bottleneckRows(card: StageCard, width: number): readonly Row[] {
  if (card.bottleneck === null) return [];
  return paragraph(`◀ bottleneck: ${card.bottleneck}`, width - 8, 'slow').map((text) => ({
    line: indented(text, 4),
  }));
}

function cellsOf(card: StageCard, branch: string | null, isLast: boolean): readonly Line[] {
  const { queue, limit } = card;
  return [
    [span(branch ?? (card.branch === null ? '' : isLast ? '└' : '│'), branch === null ? 'dim' : 'bold')],
    line(
      card.label,
      span(card.isDiscovered ? ' discovered' : '', 'dim'),
      ...(card.trouble ? [' ', severitySpan(card.trouble)] : []),
    ),
    waitingCell(queue),
    trendCell(queue),
    countSpans(card.workersByStatus, 'short'),
    [span(card.jobsPerHour === null ? '' : formatPerHour(card.jobsPerHour).replace('/h', ''))],
    [span(card.p95JobMs === null ? '' : formatDuration(card.p95JobMs))],
    [span(limit === null ? '' : `${formatDuration(limit.stallMs)} ${limit.origin}`, 'dim')],
    [span(card.failed ? formatCount(card.failed) : '', 'slow')],
    [span(card.completed === null ? '' : formatCount(card.completed), 'dim')],
    [span(sparkline(queue?.readyHistory ?? []), 'dim')],
  ];
}

function waitingCell(queue: StageQueue | null): Line {
  if (queue === null) return [span('no queue', 'dim')];
  if (queue.status === 'missing') return [span('missing', 'stuck')];
  if (queue.ready === null) return [span('?', 'unknown')];
  return [span(formatCount(queue.ready), queue.ready === 0 ? 'dim' : 'bold')];
}

function trendCell(queue: StageQueue | null): Line {
  if (queue?.perMinute === null || queue?.perMinute === undefined) return [];
  const { perMinute, drainMs, ready } = queue;
  const isDraining = drainMs !== null && perMinute <= -0.05 && (ready ?? 0) > 0;
  const drain = isDraining ? `, ${formatDuration(drainMs)} to drain` : '';
  const ink = perMinute >= 0.05 ? 'slow' : 'dim';
  return [span(`${trendArrow(perMinute)} ${formatTrend(perMinute)}${drain}`, ink)];
}

function detailsOf({ limit, meanJobMs, completed, failed, queue }: StageCard): string {
  const parts = [
    completed === null ? '' : `${formatNumbered(completed, 'job')} done, ${formatCount(failed ?? 0)} failed`,
    meanJobMs === null ? '' : `mean job ${formatDuration(meanJobMs)}`,
    limit === null ? '' : `stuck after ${formatDuration(limit.stallMs)} without progress (${limit.origin})`,
    queue?.consumers === null || queue === null
      ? ''
      : `${formatNumbered(queue.consumers, 'consumer')} on ${queue.name}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

const BARS = '▁▂▃▄▅▆▇█';
const SPARK_COLUMNS = 20;

/** The last hour in 20 columns; a gap where nothing is known. */
function sparkline(series: readonly (number | null)[]): string {
  const known = series.filter((value) => value !== null);
  if (known.length < 2) return '';
  const top = Math.max(1, ...known);
  const columns = Math.min(SPARK_COLUMNS, series.length);
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * series.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * series.length) / columns));
    const part = series.slice(from, to).filter((value) => value !== null);
    if (part.length === 0) return ' ';
    return BARS[Math.min(BARS.length - 1, Math.floor((Math.max(...part) / top) * (BARS.length - 1)))] ?? ' ';
  }).join('');
}
