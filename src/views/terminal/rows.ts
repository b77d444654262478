/** What sections of the status screen are made of: rows, some of which can be selected. */

import type { StatusCount } from '../picture/flow-model.js';
import { formatCount } from '../picture/format.js';
import type { Command } from '../picture/problem-commands.js';
import { SEVERITY_LOOKS, type SeverityName, STATUS_LOOKS, type StatusName } from '../picture/vocabulary.js';
import { type Line, line, type Span, span } from './spans.js';

export interface Row {
  readonly line: Line;
  /** Absent: it cannot be selected. */
  readonly target?: Target;
}

/** What a row is about, for whoever selects it. */
export interface Target {
  /** The same as long as the row is about the same. */
  readonly key: string;
  readonly title: string;
  /** Sentences. */
  readonly details: readonly string[];
  readonly commands: readonly Command[];
}

export const INDENT = '  ';

export function heading(text: string, note = ''): Row {
  return { line: line(span(text, 'heading'), ...(note === '' ? [] : [span(`  ${note}`, 'dim')])) };
}

/** `✖ stuck`. */
export function statusSpan(status: StatusName): Span {
  const { shape, word } = STATUS_LOOKS[status];
  return span(`${shape} ${word}`, status);
}

export function severitySpan(severity: SeverityName): Span {
  return span(SEVERITY_LOOKS[severity].shape, severity);
}

/** `✖ 1  ● 14 active  ○ 2 idle`; short: without the words. */
export function countSpans(counts: readonly StatusCount[], style: 'words' | 'short'): Line {
  return counts.flatMap(({ status, count }, index) => {
    const { shape, word } = STATUS_LOOKS[status];
    const gap = index === 0 ? '' : style === 'words' ? '  ' : ' ';
    const text =
      style === 'words' ? `${shape} ${formatCount(count)} ${word}` : `${shape} ${formatCount(count)}`;
    return [span(gap), span(text, status)];
  });
}

export function indented(spans: Line, times = 1): Line {
  return [span(INDENT.repeat(times)), ...spans];
}
