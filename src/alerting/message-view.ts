/** What a message says, before any channel gives it its form: the same words in mail, Slack and JSON. */

import type { Finding, Severity } from '../detectors/finding.js';
import { times } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { AlertSettings } from './alert-settings.js';
import { logLine, oneLine, subjectTitle, whoAndWhere } from './finding-words.js';
import { type MessageCommand, silenceCommand } from './message-command.js';
import { linksFor, type MessageLink } from './message-links.js';
import { shortTime, wallTime } from './message-times.js';
import type { EndedFinding, Notification } from './notification.js';
import { subjectLine, titleLine } from './subject-line.js';

/** What is known about a finding beside itself. */
export interface FindingNotes {
  /** What stagewatch did about it, would do, or why it does not, in a sentence. */
  readonly recovery?: string;
  readonly evidenceFolder?: string;
  /** What to type, the most useful first. */
  readonly commands?: readonly MessageCommand[];
  /** The last lines of the container's log, the newest last. */
  readonly logLines?: readonly string[];
}

export interface MessageNotes {
  /** By id of the finding. */
  readonly of: ReadonlyMap<string, FindingNotes>;
  /** What is known to have ended a finding, in a sentence. */
  readonly ends: ReadonlyMap<string, string>;
  /** Where the daemon runs. */
  readonly host: string;
}

export interface MessageItem {
  readonly mark: string;
  readonly who: string;
  readonly what: string;
  readonly isNew: boolean;
}

interface SectionHead {
  /** A few fixed words. */
  readonly title: string;
  /** Whom or how many it is about, as it is spelled. */
  readonly about?: string;
}

export type MessageSection = SectionHead &
  (
    | { readonly kind: 'lines'; readonly lines: readonly string[] }
    | { readonly kind: 'items'; readonly items: readonly MessageItem[]; readonly more: number }
    /** Each to be copied as it stands. */
    | { readonly kind: 'commands'; readonly commands: readonly MessageCommand[] }
    /** In a fixed pitch. */
    | { readonly kind: 'log'; readonly lines: readonly string[] }
  );

export interface MessageView {
  readonly tone: Severity | 'resolved';
  /** `critical`, `resolved`, `digest`: what stands in the subject's brackets. */
  readonly label: string;
  readonly subject: string;
  /** The subject without its label. */
  readonly title: string;
  /** Since when, and why this message comes now. */
  readonly lead: readonly string[];
  readonly sections: readonly MessageSection[];
  readonly links: readonly MessageLink[];
  /** Who sends it: `stagewatch on dgx-01`. */
  readonly sender: string;
}

export const MARKS: Readonly<Record<MessageView['tone'], string>> = {
  critical: '▲',
  warning: '◆',
  info: '▪',
  resolved: '✓',
};

/** Several daemons may tell one person. */
export function senderOn(host: string): string {
  return host === '' ? 'stagewatch' : `stagewatch on ${oneLine(host)}`;
}

const MAX_LOG_LINES = 20;
const MAX_LOG_LINE = 240;

export function viewMessage(
  notification: Notification,
  notes: MessageNotes,
  settings: AlertSettings,
): MessageView {
  const isResolved = notification.reason === 'resolved';
  const sections = isResolved
    ? resolvedSections(notification, notes, settings)
    : openSections(notification, notes, settings);
  return {
    tone: isResolved ? 'resolved' : notification.severity,
    label: isResolved ? 'resolved' : notification.severity,
    subject: subjectLine(notification, settings),
    title: titleLine(notification, settings),
    lead: leadLines(notification, settings),
    sections: sections.filter(hasContent),
    links: linksFor(notification, settings),
    sender: senderOn(notes.host),
  };
}

/** A heading with nothing under it is left out. */
export function hasContent(section: MessageSection): boolean {
  if (section.kind === 'items') return section.items.length > 0;
  return (section.kind === 'commands' ? section.commands : section.lines).length > 0;
}

function leadLines(notification: Notification, { alerts }: AlertSettings): readonly string[] {
  const { reason, findings, ended, createdAtMs, opens = 0, replaced = 0 } = notification;
  const { timezone, flapping, repeat } = alerts;
  const all = reason === 'resolved' ? ended : findings;
  const beganAtMs = Math.min(...all.map((one) => one.beganAtMs), createdAtMs);
  const began = wallTime(beganAtMs, timezone);
  const age = formatDuration(createdAtMs - beganAtMs);
  const lines =
    reason === 'resolved'
      ? [`It began ${began} and had ended by ${wallTime(createdAtMs, timezone)}.`]
      : [`It began ${began}, ${age} before this message.`];
  if (reason === 'flapping') {
    lines.push(
      `It opened ${times(opens)} within ${formatDuration(flapping.window)}. You will not be told each time from now on, ` +
        `but when it has stayed away for ${formatDuration(flapping.quiet)}, and every ${formatDuration(repeat)} while it is open.`,
    );
  }
  if (reason === 'silence_ended')
    lines.push('It was silenced, and is still open now that the silence has ended.');
  if (replaced > 0) {
    const many = replaced === 1 ? 'An earlier message' : `${replaced} earlier messages`;
    lines.push(`${many} about it could not be delivered; this one stands for all.`);
  }
  return lines;
}

function openSections(
  notification: Notification,
  notes: MessageNotes,
  settings: AlertSettings,
): readonly MessageSection[] {
  const { findings, consequences, consequenceCount, ended, endedCount, kind, newIds, reason } = notification;
  const worst =
    (reason === 'grew' ? findings.find(({ id }) => newIds.includes(id)) : undefined) ?? findings[0];
  if (!worst) return [];
  const isSole = notification.findingCount === 1;
  const who = subjectTitle(worst.subject);
  const ofWorst = isSole || who === undefined ? {} : { about: who };
  return [
    ...(isSole ? [] : [whoSection(notification, settings)]),
    { kind: 'lines', title: 'Why we say so', ...ofWorst, lines: evidenceLines(worst, settings) },
    {
      kind: 'items',
      title: 'What follows from it',
      about: String(consequenceCount),
      items: consequences.map((one) => consequenceItem(one, notification, settings)),
      more: consequenceCount - consequences.length,
    },
    { kind: 'lines', title: 'What stagewatch did', lines: didLines(findings, notes, settings) },
    {
      kind: 'commands',
      title: 'What you can do',
      commands: [...(notes.of.get(worst.id)?.commands ?? []), silenceCommand(kind, worst.subject)],
    },
    { kind: 'lines', title: 'It ends when', lines: [oneLine(worst.clearsWhen)] },
    {
      kind: 'items',
      title: 'Ended since the last message',
      about: String(endedCount),
      items: ended.map((one) => endedItem(one, settings)),
      more: endedCount - ended.length,
    },
    {
      kind: 'log',
      title: 'Last lines of its log',
      ...ofWorst,
      lines: logLines(notes.of.get(worst.id) ?? {}),
    },
  ];
}

/** Kind and stage are the same for all, and in the title already. */
function whoSection(
  { findings, findingCount, newIds, reason, createdAtMs, stage }: Notification,
  settings: AlertSettings,
): MessageSection {
  const items = findings.map(({ id, severity, subject, summary, beganAtMs, overSinceMs }) => ({
    mark: MARKS[severity],
    who: (stage === undefined ? undefined : subjectTitle(subject)) ?? whoAndWhere(subject, settings),
    what: `${oneLine(summary)}, ${overSinceMs === undefined ? 'since' : 'began'} ${shortTime(beganAtMs, createdAtMs, settings.alerts.timezone)}`,
    isNew: reason === 'grew' && newIds.includes(id),
  }));
  const more = findingCount - findings.length;
  return { kind: 'items', title: 'Who', about: String(findingCount), items, more };
}

function resolvedSections(
  { ended, endedCount }: Notification,
  { ends }: MessageNotes,
  settings: AlertSettings,
): readonly MessageSection[] {
  const known = ended.flatMap((one) => {
    const end = ends.get(one.id);
    return end === undefined ? [] : [`${whoAndWhere(one.subject, settings)}: ${oneLine(end)}`];
  });
  const [first] = ended;
  const otherwise = first ? [`It ended by one of these: ${oneLine(first.clearsWhen)}`] : [];
  return [
    {
      kind: 'items',
      title: 'What it was',
      ...(endedCount > 1 && { about: String(endedCount) }),
      items: ended.map((one) => endedItem(one, settings)),
      more: endedCount - ended.length,
    },
    { kind: 'lines', title: 'What ended it', lines: known.length > 0 ? known : otherwise },
  ];
}

function evidenceLines(
  { evidence, isUnconfirmed, doubt, confirmedAtMs }: Finding,
  { alerts }: AlertSettings,
): readonly string[] {
  const lines = evidence.map((line) => oneLine(line));
  // Of any other doubt the evidence itself says since when.
  if (!isUnconfirmed || doubt !== 'restart') return lines;
  const since = wallTime(confirmedAtMs, alerts.timezone);
  return [...lines, `not seen since ${since}, before stagewatch was restarted: it may have changed`];
}

function didLines(
  findings: readonly Finding[],
  { of: notes }: MessageNotes,
  settings: AlertSettings,
): readonly string[] {
  const lines = findings.flatMap(({ id, subject }) => {
    const { recovery, evidenceFolder } = notes.get(id) ?? {};
    const who = findings.length > 1 ? `${whoAndWhere(subject, settings)}: ` : '';
    return [
      ...(recovery === undefined ? [] : [`${who}${oneLine(recovery)}`]),
      ...(evidenceFolder === undefined
        ? []
        : [`${who}saved its log and state in ${oneLine(evidenceFolder)}`]),
    ];
  });
  return lines.length > 0 ? lines : ['Nothing but tell you.'];
}

function consequenceItem(
  { severity, kind, subject, summary, beganAtMs }: Finding,
  { createdAtMs }: Notification,
  settings: AlertSettings,
): MessageItem {
  const since = shortTime(beganAtMs, createdAtMs, settings.alerts.timezone);
  const what = `${kind}, ${oneLine(summary)}, since ${since}`;
  return { mark: MARKS[severity], who: whoAndWhere(subject, settings), what, isNew: false };
}

function endedItem(one: EndedFinding, settings: AlertSettings): MessageItem {
  const lasted = formatDuration(Math.max(0, one.endedAtMs - one.beganAtMs));
  const what = `lasted ${lasted}; when last told: ${oneLine(one.summary)}`;
  return { mark: MARKS.resolved, who: whoAndWhere(one.subject, settings), what, isNew: false };
}

/** The last ones, without colours and with bounded length. */
function logLines({ logLines: lines = [] }: FindingNotes): readonly string[] {
  return lines.slice(-MAX_LOG_LINES).map((line) => logLine(line, MAX_LOG_LINE));
}
