/** Head, infrastructure and GPUs of the status screen. */

import { brokerWords } from '../picture/broker-view.js';
import { formatCount, formatDuration, formatGib, formatMemory, formatShare } from '../picture/format.js';
import type { Picture } from '../picture/picture.js';
import { logsCommands } from '../picture/problem-commands.js';
import {
  chipStatus,
  type GpuView,
  type InfrastructureView,
  type SourceChip,
} from '../picture/surroundings.js';
import { SEVERITY_LOOKS, STATUS_LOOKS } from '../picture/vocabulary.js';
import { countSpans, heading, indented, type Row, severitySpan, statusSpan } from './rows.js';
import { fit, type Line, line, paragraph, type Span, span, table } from './spans.js';

const MAX_SENTENCE_LINES = 3;

interface HeadOptions {
  readonly width: number;
  readonly narrowedTo: string | null;
  readonly fault: string | null;
}

/** The sentence, the age of the data, a chip a source; why no newer data came, and what part is shown. */
export function headRows(picture: Picture, { width, narrowedTo, fault }: HeadOptions): readonly Row[] {
  const { sentence, sources } = picture;
  const ink = sentence.severity ?? (sentence.isWell ? 'active' : 'unknown');
  const shape = sentence.severity
    ? SEVERITY_LOOKS[sentence.severity].shape
    : STATUS_LOOKS[sentence.isWell ? 'active' : 'unknown'].shape;
  const lines = paragraph(sentence.text, width - 2, ink).slice(0, MAX_SENTENCE_LINES);
  return [
    ...lines.map((text, index) => ({ line: line(span(index === 0 ? `${shape} ` : '  ', ink), ...text) })),
    { line: fit([ageSpan(picture), ...sources.flatMap((chip) => [span('   '), ...chipSpans(chip)])], width) },
    ...sources.flatMap(({ source, warning }) =>
      warning === null
        ? []
        : paragraph(`${source}: ${warning}`, width, 'slow').map((text) => ({ line: text })),
    ),
    ...(picture.gaps.text === null || narrowedTo !== null
      ? []
      : paragraph(picture.gaps.text, width, 'dim').map((text) => ({ line: text }))),
    ...(fault === null ? [] : paragraph(fault, width, 'stuck').map((text) => ({ line: text }))),
    ...(narrowedTo === null ? [] : [{ line: line(span(`shown: ${narrowedTo}`, 'waiting')) }]),
  ];
}

function ageSpan({ ageMs, freshness }: Picture): Span {
  const ink = freshness === 'fresh' ? 'dim' : freshness === 'aging' ? 'slow' : 'stuck';
  return span(ageMs === null ? 'age of the data unknown' : `data ${formatDuration(ageMs)} old`, ink);
}

function chipSpans(chip: SourceChip): readonly Span[] {
  const { source, isUp, isPartial, ageMs } = chip;
  const status = chipStatus(chip);
  const mark = span(`${STATUS_LOOKS[status].shape} `, status);
  if (isUp === true)
    return [mark, span(isPartial ? `${source} in part` : source, isPartial ? status : undefined)];
  return [mark, span(`${source}${ageMs === null ? '' : ` ${formatDuration(ageMs)} old`}`, status)];
}

export function infrastructureRows(views: readonly InfrastructureView[], width: number): readonly Row[] {
  if (views.length === 0) return [];
  const cells = views.map((view): readonly Line[] => [
    [span(view.title)],
    [statusSpan(view.status)],
    [span(lifeOf(view), view.status === 'down' ? 'down' : undefined)],
    brokerSpans(view),
  ]);
  const lines = table(
    cells,
    [{ weight: 4, max: 24 }, { weight: 4 }, { weight: 3 }, { weight: 2 }],
    width - 2,
  );
  return [
    heading('INFRASTRUCTURE'),
    ...lines.map((text, index): Row => {
      const view = views[index];
      const name = view?.container;
      return {
        line: indented(text),
        ...(name && {
          target: {
            key: `infrastructure ${name}`,
            title: view.title,
            details: [view.detail],
            commands: logsCommands(name),
          },
        }),
      };
    }),
  ];
}

function lifeOf({ uptimeMs, downForMs, detail }: InfrastructureView): string {
  if (uptimeMs !== null) return `up ${formatDuration(uptimeMs)}`;
  return downForMs === null ? detail : `down for ${formatDuration(downForMs)}`;
}

function brokerSpans({ broker, status, detail }: InfrastructureView): Line {
  if (broker === null) return status === 'slow' ? [span(detail, 'slow')] : [];
  const { version, alarms } = broker;
  return line(
    brokerWords(broker),
    span(version === null ? '' : `  ${version}`, 'dim'),
    span(alarms.length === 0 ? '' : `  ${alarms.join(' and ')} alarm: publishers are stopped`, 'stuck'),
  );
}

const BAR_COLUMNS = 20;

export function gpuRows(gpus: readonly GpuView[], width: number): readonly Row[] {
  if (gpus.length === 0) return [];
  const cells = gpus.map((gpu): readonly Line[] => [
    line(
      span(`GPU ${gpu.name}`),
      gpu.severity ? span(' ') : '',
      ...(gpu.severity ? [severitySpan(gpu.severity)] : []),
    ),
    gpu.isPresent ? barOf(gpu.memoryRatio) : [span('■ gone', 'down')],
    [span(gpu.isPresent ? memoryOf(gpu) : lostWords(gpu))],
    [span(gpu.utilization === null ? '' : `util ${formatShare(gpu.utilization)}`)],
    [span(gpu.temperature === null ? '' : `${Math.round(gpu.temperature)} °C`)],
    [span(gpu.powerWatts === null ? '' : `${formatCount(gpu.powerWatts)} W`)],
    countSpans(gpu.counts, 'short'),
    gpu.xids.map(({ xid, count }, index) => span(`${index === 0 ? '' : ', '}XID ${xid} ×${count}`, 'stuck')),
  ]);
  const lines = table(
    cells,
    [
      { weight: 9 },
      { weight: 2 },
      { weight: 8 },
      { weight: 5, align: 'right' },
      { weight: 4, align: 'right' },
      { weight: 3, align: 'right' },
      { weight: 6, max: 36 },
      { weight: 7 },
    ],
    width - 2,
  );
  return [
    heading('GPUS', 'memory, and the workers on each'),
    ...lines.map((text) => ({ line: indented(text) })),
  ];
}

function barOf(ratio: number | null): Line {
  if (ratio === null) return [];
  const filled = Math.min(BAR_COLUMNS, Math.round(ratio * BAR_COLUMNS));
  const ink = ratio >= 0.95 ? 'stuck' : ratio >= 0.85 ? 'slow' : 'active';
  return [span('█'.repeat(filled), ink), span('░'.repeat(BAR_COLUMNS - filled), 'dim')];
}

function memoryOf({ usedBytes, totalBytes }: GpuView): string {
  if (usedBytes === null) return '';
  return totalBytes !== null && totalBytes > 0 ? formatMemory(usedBytes, totalBytes) : formatGib(usedBytes);
}

function lostWords({ lostForMs }: GpuView): string {
  return lostForMs === null ? 'not seen any more' : `not seen for ${formatDuration(lostForMs)}`;
}
