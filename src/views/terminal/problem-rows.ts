/** The problems of the status screen: the worst with evidence and commands, the others on a line each. */

import { formatCount, formatNumbered } from '../picture/format.js';
import type { Problem } from '../picture/problems.js';
import { heading, INDENT, indented, type Row, severitySpan } from './rows.js';
import { type Line, line, paragraph, span } from './spans.js';
import { widthOfText, wrapText } from './text-width.js';

export interface ProblemRoom {
  readonly width: number;
  /** How many are shown with everything, and how many on a line. */
  readonly inFull: number;
  readonly inShort: number;
  /** Evidence lines and commands of one. */
  readonly evidence: number;
  readonly commands: number;
  /** Of the whole picture, where only a part of it is shown. */
  readonly inAll: number | null;
}

export function problemRows(problems: readonly Problem[], room: ProblemRoom): readonly Row[] {
  if (problems.length === 0) {
    return room.inAll === null || room.inAll === 0
      ? [{ line: line(span('No problems.', 'active')) }]
      : [{ line: line(`No problems of what is shown; ${formatCount(room.inAll)} in all.`) }];
  }
  const full = problems.slice(0, room.inFull);
  const short = problems.slice(room.inFull, room.inFull + room.inShort);
  const left = problems.length - full.length - short.length;
  return [
    heading('PROBLEMS'),
    ...full.flatMap((problem) => inFull(problem, room)),
    ...short.map((problem) => ({ line: titleOf(problem, true), target: targetOf(problem) })),
    ...(left > 0
      ? [{ line: line(span(`${INDENT}and ${left} more: stagewatch status --problems`, 'dim')) }]
      : []),
  ];
}

function inFull(problem: Problem, room: ProblemRoom): readonly Row[] {
  const textWidth = room.width - 2 * INDENT.length;
  const texts = [
    ...problem.evidence.slice(0, room.evidence).flatMap((text) => paragraph(text, textWidth)),
    ...recoveryLines(problem, textWidth),
    ...consequenceLines(problem, textWidth),
    ...problem.commands
      .slice(0, room.commands)
      .flatMap(({ text, purpose }) => commandLines(text, purpose, textWidth)),
  ];
  return [
    { line: titleOf(problem, problem.evidence.length === 0), target: targetOf(problem) },
    ...(problem.kind === 'CommonCause'
      ? paragraph(problem.summary, textWidth).map((text) => ({ line: indented(text, 2) }))
      : []),
    ...texts.map((text) => ({ line: indented(text, 2) })),
  ];
}

/** `▲ paddle-worker-gpu1-0 stuck for 7m12s at G3_02 Witnesses`. */
function titleOf(problem: Problem, hasSummary: boolean): Line {
  const { severity, who, phrase, howLong, where, summary, doubt, consequences } = problem;
  return line(
    INDENT,
    severitySpan(severity),
    ' ',
    span(who, 'bold'),
    span(` ${phrase}`, severity),
    howLong,
    where === null ? '' : ` at ${where}`,
    span(doubt === null ? '' : ` (${doubt})`, 'dim'),
    hasSummary && summary !== '' ? span(` – ${summary}`, 'dim') : '',
    hasSummary && consequences.length > 0
      ? span(` – and ${formatNumbered(consequences.length, 'consequence')}`, 'dim')
      : '',
  );
}

export function targetOf(problem: Problem): NonNullable<Row['target']> {
  const { id, who, phrase, evidence, clearsWhen, commands } = problem;
  const clears = clearsWhen === null ? [] : [`Clears when: ${clearsWhen}`];
  return { key: `problem ${id}`, title: `${who} ${phrase}`, details: [...evidence, ...clears], commands };
}

function recoveryLines({ recovery }: Problem, width: number): readonly Line[] {
  if (recovery === null) return [];
  return paragraph(`recovery: ${recovery.text}`, width, 'waiting');
}

const MAX_NAMED = 4;

function consequenceLines({ consequences }: Problem, width: number): readonly Line[] {
  if (consequences.length === 0) return [];
  const named = consequences.slice(0, MAX_NAMED).map(({ who, phrase }) => `${who} ${phrase}`);
  const more = consequences.length - named.length;
  const list = named.join(', ') + (more > 0 ? ` and ${more} more` : '');
  return paragraph(`└ ${formatNumbered(consequences.length, 'consequence')}: ${list}`, width, 'dim');
}

/** Always whole, so that it can be copied: over several lines as a shell takes them. */
export function commandLines(text: string, purpose: string, width: number): readonly Line[] {
  const room = width - 2;
  const parts = widthOfText(text) <= room ? [text] : wrapText(text, room - 2);
  return parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    const note = `  # ${purpose}`;
    const hasRoom = isLast && widthOfText(part) + widthOfText(note) <= room;
    return line(
      span(index === 0 ? '$ ' : '  ', 'dim'),
      span(isLast ? part : `${part} \\`, 'command'),
      span(hasRoom ? note : '', 'dim'),
    );
  });
}
