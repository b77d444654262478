/** Makes the report of a run: reads, compares, decides whether it has failed, and renders. */

import { listAdvice } from './advice.js';
import { compareFigures } from './compare.js';
import { decideFailIf, type FailIf, type Verdict } from './fail-if.js';
import { listFigures } from './figures.js';
import { type RunSources, readRun } from './read-run.js';
import { renderHtml } from './render-html.js';
import { renderMarkdown } from './render-markdown.js';
import { renderTerminal, type TerminalOptions } from './render-terminal.js';
import { composeDocument, type DocumentParts } from './report-document.js';
import type { ReportFormat } from './report-format.js';
import type { TimeRange } from './run-facts.js';

export interface ReportOptions {
  readonly sources: RunSources;
  readonly range: TimeRange;
  /** Of a chosen range the report says where less is known than was asked for. */
  readonly isChosen: boolean;
  /** The earlier range, made of the one that is reported. */
  readonly against: ((range: TimeRange) => TimeRange) | null;
  readonly failIf: FailIf | null;
  readonly format: ReportFormat;
  readonly terminal: TerminalOptions;
}

export type ReportResult =
  | { readonly kind: 'ok'; readonly text: string; readonly verdict: Verdict | null }
  | { readonly kind: 'failed'; readonly problem: string };

export async function createReport(options: ReportOptions): Promise<ReportResult> {
  const { sources, failIf } = options;
  const reading = await readRun(sources, options.range, options.isChosen);
  if (reading.kind === 'failed') return reading;
  const { facts } = reading;
  const figures = listFigures(facts);
  const against = options.against?.(facts.range) ?? null;
  const earlier = against && (await readRun(sources, against, false));
  if (earlier?.kind === 'failed') {
    return { kind: 'failed', problem: `the range to compare with: ${earlier.problem}` };
  }
  const parts: DocumentParts = {
    facts,
    figures,
    changes: earlier ? compareFigures(figures, listFigures(earlier.facts)) : null,
    against,
    verdict: failIf && decideFailIf(failIf, figures),
  };
  return { kind: 'ok', text: render(parts, options), verdict: parts.verdict };
}

function render(parts: DocumentParts, { format, terminal }: ReportOptions): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(toJson(parts), null, 2)}\n`;
    case 'html':
      return renderHtml(composeDocument(parts));
    case 'markdown':
      return `${renderMarkdown(composeDocument(parts))}\n`;
    case 'terminal':
      return renderTerminal(composeDocument(parts), terminal);
  }
}

/** Times are Unix milliseconds, as everywhere in the facts. */
function toJson({ facts, figures, changes, against, verdict }: DocumentParts): object {
  return {
    figures: Object.fromEntries(figures.map(({ name, value }) => [name, value])),
    against: against && {
      range: against,
      figures: Object.fromEntries((changes ?? []).map(({ figure, before }) => [figure.name, before])),
    },
    verdict,
    advice: listAdvice(facts),
    ...facts,
  };
}
