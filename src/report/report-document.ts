/** A report without its form: what stands in it, in order, for the terminal, Markdown and HTML alike. */

import { listAdvice } from './advice.js';
import type { Change } from './compare.js';
import type { Verdict } from './fail-if.js';
import type { Figure } from './figures.js';
import type { ReportDocument, Section, ShownFigure } from './report-shape.js';
import {
  alertsSection,
  failuresSection,
  gpuSection,
  restartsSection,
  stagesSection,
  stuckSection,
} from './report-tables.js';
import type { RunFacts, SeriesPoint, TimeRange } from './run-facts.js';
import { sayCount, sayRate, saySeconds, sayShare, sayTime } from './words.js';

export interface DocumentParts {
  readonly facts: RunFacts;
  readonly figures: readonly Figure[];
  readonly changes: readonly Change[] | null;
  readonly against: TimeRange | null;
  readonly verdict: Verdict | null;
}

const MAX_LINES = 5;

export function composeDocument(parts: DocumentParts): ReportDocument {
  const { facts, figures, changes, against, verdict } = parts;
  const advice = listAdvice(facts);
  return {
    title: 'Run report',
    range: facts.range,
    subtitle: describeRange(facts.range) + (against ? `, compared with ${describeRange(against)}` : ''),
    verdict,
    figures: figures.map((figure) => showFigure(figure, changes)),
    sections: [
      {
        title: 'What to look at first',
        list: advice.length === 0 ? ['Nothing stands out.'] : advice,
      },
      ...throughputSections(facts),
      stagesSection(facts),
      ...waitingSections(facts),
      stuckSection(facts),
      restartsSection(facts),
      failuresSection(facts),
      alertsSection(facts),
      gpuSection(facts),
      { title: 'What this rests on', list: [...facts.sources, ...facts.notes] },
    ],
  };
}

export function describeRange({ fromMs, toMs }: TimeRange): string {
  return `${sayTime(fromMs)} to ${sayTime(toMs)} UTC (${saySeconds((toMs - fromMs) / 1000)})`;
}

export function sayFigure({ value, unit }: Pick<Figure, 'value' | 'unit'>): string {
  switch (unit) {
    case 'count':
      return sayCount(value);
    case 'seconds':
      return saySeconds(value);
    case 'share':
      return sayShare(value);
    case 'perHour':
      return sayRate(value);
  }
}

function showFigure(figure: Figure, changes: readonly Change[] | null): ShownFigure {
  const change = changes?.find(({ figure: { name } }) => name === figure.name);
  return {
    title: figure.title,
    value: sayFigure(figure),
    change: change ? sayChange(change) : null,
    verdict: change?.verdict ?? 'unknown',
  };
}

function sayChange({ figure, before, ratio, verdict }: Change): string {
  const was = `was ${sayFigure({ value: before, unit: figure.unit })}`;
  if (verdict === 'unknown' || ratio === null || verdict === 'same') return was;
  return `${was}, ${sayShare(Math.abs(ratio))} ${ratio > 0 ? 'more' : 'less'}: ${verdict}`;
}

function throughputSections({ throughput }: RunFacts): readonly Section[] {
  if (throughput.length < 2) return [];
  const known = throughput.flatMap(({ value }) => value ?? []);
  const peak = Math.max(...known);
  return [
    {
      title: 'Throughput',
      note: `Documents through the last stage, an hour; at most ${sayRate(peak)}.`,
      chart: {
        description: `Documents an hour over time, at most ${sayRate(peak)}`,
        unit: 'documents an hour',
        lines: [{ name: 'documents an hour', points: throughput }],
      },
    },
  ];
}

function waitingSections({ stages }: RunFacts): readonly Section[] {
  const peakOf = (points: readonly SeriesPoint[]): number =>
    Math.max(0, ...points.map(({ value }) => value ?? 0));
  const lines = stages
    .filter(({ waiting }) => waiting.length >= 2 && peakOf(waiting) > 0)
    .toSorted((one, other) => peakOf(other.waiting) - peakOf(one.waiting))
    .slice(0, MAX_LINES)
    .map(({ id, waiting }) => ({ name: id, points: waiting }));
  if (lines.length === 0) return [];
  const names = lines.map(({ name }) => name).join(', ');
  return [
    {
      title: 'Waiting messages',
      note: `Of the stages where most waited: ${names}.`,
      chart: { description: `Waiting messages over time of ${names}`, unit: 'waiting messages', lines },
    },
  ];
}
