/** How a finding is named to people: who, where, and what is wrong, with nothing in it that could break a line. */

import { stripVTControlCharacters } from 'node:util';
import type { FindingSubject } from '../detectors/finding.js';
import type { AlertSettings } from './alert-settings.js';

/** Names and summaries are short; whatever is longer is a mistake of somebody else. */
const MAX_LINE = 300;
const MAX_SCANNED = 10_000;

/** One line of bounded length: control characters, line ends and marks that turn text around become spaces. */
export function oneLine(text: string, maxLength = MAX_LINE): string {
  return flatten(text, maxLength).trim();
}

/** The same with its indentation, for lines of a log. */
export function logLine(text: string, maxLength: number): string {
  return flatten(stripVTControlCharacters(text.slice(0, MAX_SCANNED)), maxLength).trimEnd();
}

function flatten(text: string, maxLength: number): string {
  // Cut first, so that a text of megabytes costs nothing.
  const line = text
    .slice(0, Math.max(MAX_SCANNED, maxLength))
    .replaceAll('\t', '  ')
    .replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu, ' ');
  const characters = Array.from(line);
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join('')}…` : line;
}

/** `G3_02 Witnesses`, or the id alone where the stage has no name. */
export function stageTitle(stage: string, { stages }: AlertSettings): string {
  const name = stages.find(({ id }) => id === stage)?.name;
  return oneLine(name === null || name === undefined ? stage : `${stage} ${name}`);
}

/** `paddle-worker-gpu1-0`, `queue g3_02`, `GPU 1`: the closest that is known of the subject. */
export function subjectTitle(subject: FindingSubject): string | undefined {
  const { container, document, queue, gpu, uuid, source, channel } = subject;
  if (container !== undefined) return oneLine(container);
  if (queue !== undefined) return oneLine(`queue ${queue}`);
  if (document !== undefined) return oneLine(`document ${document}`);
  if (gpu !== undefined || uuid !== undefined) return oneLine(`GPU ${gpu ?? uuid}`);
  if (source !== undefined) return source;
  return channel === undefined ? undefined : oneLine(channel);
}

/** `paddle-worker-gpu1-0 (G3_02 Witnesses)`; what is about neither is about the pipeline. */
export function whoAndWhere(subject: FindingSubject, settings: AlertSettings): string {
  const who = subjectTitle(subject);
  const where = subject.stage === undefined ? undefined : stageTitle(subject.stage, settings);
  if (who !== undefined) return where === undefined ? who : `${who} (${where})`;
  return where ?? 'the pipeline';
}
