/** What a message says, before any channel gives it its form: the same words in mail, Slack and JSON. */

import type { Finding, Severity } from '../detectors/finding.js';
import { formatDuration } from '../lib/duration.js';
import type { AlertSettings } from './alert-settings.js';
import { commandsFor, silenceCommand } from './commands.js';
import { logLine, oneLine, whoAndWhere } from './finding-words.js';
import { linksFor, type MessageLink } from './message-links.js';
import { wallTime } from './message-times.js';
import type { EndedFinding, Notification } from './notification.js';
import { subjectLine, titleLine } from './subject-line.js';

/** What is known about a finding beside itself. */
export interface FindingNotes {
  /** What stagewatch did about it, would do, or why it does not, in a sentence. */
  readonly recovery?: string;
  readonly evidenceFolder?: string;
  /** The last lines of the container's log, the newest last. */
  readonly logLines?: readonly string[];
}

export interface MessageNotes {
  /** By id of the finding. */
  readonly of: ReadonlyMap<string, FindingNotes>;
  /** What is known to have ended a finding, in a sentence. */
  readonly ends: ReadonlyMap<string, string>;
}

export interface MessageItem {
  readonly mark: string;
  readonly who: string;
  readonly what: string;
  readonly isNew: boolean;
}

export type MessageSection =
  | { readonly kind: 'lines'; readonly title: string; readonly lines: readonly string[] }
  | {
      readonly kind: 'items';
      readonly title: string;
      readonly items: readonly MessageItem[];
      readonly more: number;
    }
  /** To be copied, or read as it stands: in a fixed pitch. */
  | {
      readonly kind: 'block';
      readonly title: string;
      readonly lines: readonly string[];
      readonly isCommands: boolean;
    };

export interface MessageView {
  readonly tone: Severity | 'resolved';
  readonly subject: string;
  /** The subject without its label. */
  readonly title: string;
  /** Since when, and why this message comes now. */
  readonly lead: readonly string[];
  readonly sections: readonly MessageSection[];
  readonly links: readonly MessageLink[];
}

export const MARKS: Readonly<Record<MessageView['tone'], string>> = {
  critical: '▲',
  warning: '◆',
  info: '▪',
  resolved: '✓',
};

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
    subject: subjectLine(notification, settings),
    title: titleLine(notification, settings),
    lead: leadLines(notification, settings),
    sections: sections.filter(
      (section) => (section.kind === 'items' ? section.items : section.lines).length > 0,
    ),
    links: linksFor(notification, settings),
  };
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
      `It opened ${opens} times within ${formatDuration(flapping.window)}. You will not be told each time from now on, ` +
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
  const known = notes.of.get(worst.id) ?? {};
  const isSole = notification.findingCount === 1;
  const ofWorst = isSole ? '' : ` of ${whoAndWhere(worst.subject, settings)}`;
  return [
    ...(isSole ? [] : [itemsOf(notification, settings)]),
    { kind: 'lines', title: `Why we say so${ofWorst}`, lines: evidenceLines(worst, settings) },
    {
      kind: 'items',
      title: `What follows from it (${consequenceCount})`,
      items: consequences.map((one) => toItem(one, settings)),
      more: consequenceCount - consequences.length,
    },
    { kind: 'lines', title: `What stagewatch did`, lines: didLines(findings, notes, settings) },
    {
      kind: 'block',
      title: 'What you can do',
      lines: [...commandsFor(kind, worst.subject), silenceCommand(kind, worst.subject)],
      isCommands: true,
    },
    { kind: 'lines', title: 'It ends when', lines: [oneLine(worst.clearsWhen)] },
    {
      kind: 'items',
      title: `Ended since the last message (${endedCount})`,
      items: ended.map((one) => toEndedItem(one, settings)),
      more: endedCount - ended.length,
    },
    { kind: 'block', title: `Last lines of its log${ofWorst}`, lines: logLines(known), isCommands: false },
  ];
}

function itemsOf(
  { findings, findingCount, newIds, reason }: Notification,
  settings: AlertSettings,
): MessageSection {
  const items = findings.map((one) => ({
    ...toItem(one, settings),
    isNew: reason === 'grew' && newIds.includes(one.id),
  }));
  return { kind: 'items', title: `Who (${findingCount})`, items, more: findingCount - findings.length };
}

function resolvedSections(
  { ended, endedCount, kind }: Notification,
  { ends }: MessageNotes,
  settings: AlertSettings,
): readonly MessageSection[] {
  const known = ended.flatMap((one) => {
    const end = ends.get(one.id);
    return end === undefined ? [] : [`${whoAndWhere(one.subject, settings)}: ${oneLine(end)}`];
  });
  const [first] = ended;
  const otherwise = first ? [`Of what would end it, one came true: ${oneLine(first.clearsWhen)}`] : [];
  return [
    {
      kind: 'items',
      title: endedCount === 1 ? 'What it was' : `What it was (${endedCount})`,
      items: ended.map((one) => toEndedItem(one, settings)),
      more: endedCount - ended.length,
    },
    { kind: 'lines', title: 'What ended it', lines: known.length > 0 ? known : otherwise },
    {
      kind: 'block',
      title: 'What you can look at',
      lines: first ? commandsFor(kind, first.subject).slice(0, 1) : [],
      isCommands: true,
    },
  ];
}

function evidenceLines(
  { evidence, isUnconfirmed, confirmedAtMs }: Finding,
  { alerts }: AlertSettings,
): readonly string[] {
  const lines = evidence.map((line) => oneLine(line));
  if (!isUnconfirmed) return lines;
  return [
    ...lines,
    `nobody could look since ${wallTime(confirmedAtMs, alerts.timezone)}: it may have changed`,
  ];
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

function toItem(
  { severity, kind, subject, summary, beganAtMs }: Finding,
  { alerts, stages }: AlertSettings,
): MessageItem {
  const what = `${kind}, ${oneLine(summary)}, since ${wallTime(beganAtMs, alerts.timezone)}`;
  return { mark: MARKS[severity], who: whoAndWhere(subject, { alerts, stages }), what, isNew: false };
}

function toEndedItem(one: EndedFinding, settings: AlertSettings): MessageItem {
  const lasted = formatDuration(Math.max(0, one.endedAtMs - one.beganAtMs));
  return {
    mark: MARKS.resolved,
    who: whoAndWhere(one.subject, settings),
    what: `${oneLine(one.summary)} when it was told, lasted ${lasted}`,
    isNew: false,
  };
}

/** The last ones, without colours and with bounded length. */
function logLines({ logLines: lines = [] }: FindingNotes): readonly string[] {
  return lines.slice(-MAX_LOG_LINES).map((line) => logLine(line, MAX_LOG_LINE));
}
