/** The one line that says it all: how bad, what, who, where, for how long. It is a mail's subject and a message's title. */

import { formatDuration } from '../lib/duration.js';
import type { AlertSettings } from './alert-settings.js';
import { oneLine, stageTitle, subjectTitle, whoAndWhere } from './finding-words.js';
import type { Notification } from './notification.js';

const MAX_SUBJECT = 200;

export function subjectLine(notification: Notification, settings: AlertSettings): string {
  const { reason, severity } = notification;
  const label = reason === 'resolved' ? 'resolved' : severity;
  return oneLine(`[${label}] ${titleLine(notification, settings)}`, MAX_SUBJECT);
}

/** The same without the label in brackets. */
export function titleLine(notification: Notification, settings: AlertSettings): string {
  const { reason, kind, findingCount, newIds } = notification;
  if (reason === 'resolved') return `${kind}: ${resolvedWords(notification, settings)}`;
  const words = openWords(notification, settings);
  if (reason === 'repeat') return `still ${kind}: ${words}`;
  if (reason === 'flapping') return `${kind} comes and goes: ${words}`;
  if (reason === 'silence_ended') return `${kind}, its silence ended: ${words}`;
  if (reason === 'grew' && findingCount > newIds.length)
    return `${kind}: ${newIds.length} more, ${findingCount} now: ${words}`;
  return `${kind}: ${words}`;
}

/** Of several, the one that began first stands for all: the newest, where only those are news. */
function openWords(
  { findings, findingCount, newIds, reason, stage }: Notification,
  settings: AlertSettings,
): string {
  const [first] = reason === 'grew' ? findings.filter(({ id }) => newIds.includes(id)) : findings;
  if (!first) return stage === undefined ? 'the pipeline' : stageTitle(stage, settings);
  const summary = oneLine(first.summary);
  if (findingCount === 1 || reason === 'grew') return `${whoAndWhere(first.subject, settings)}, ${summary}`;
  const where = stage === undefined ? '' : ` at ${stageTitle(stage, settings)}`;
  const who = subjectTitle(first.subject);
  return `${findingCount}${where}, the first${who === undefined ? '' : ` ${who}`}, ${summary}`;
}

function resolvedWords({ ended, endedCount, stage }: Notification, settings: AlertSettings): string {
  const [first] = ended;
  if (!first) return stage === undefined ? 'the pipeline' : stageTitle(stage, settings);
  const beganAtMs = Math.min(...ended.map((one) => one.beganAtMs));
  const endedAtMs = Math.max(...ended.map((one) => one.endedAtMs));
  const lasted = `lasted ${formatDuration(Math.max(0, endedAtMs - beganAtMs))}`;
  if (endedCount === 1) return `${whoAndWhere(first.subject, settings)}, ${lasted}`;
  const where = stage === undefined ? '' : ` at ${stageTitle(stage, settings)}`;
  return `all ${endedCount}${where}, ${lasted}`;
}
