/** The daily mail: what the last 24 hours brought, what of it is still open, and what stagewatch did meanwhile. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Finding, isReportedByCause } from '../detectors/finding.js';
import type { Journal } from '../journal/journal.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { Clock } from '../lib/clock.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { AlertSettings } from './alert-settings.js';
import { SEVERITY_RANKS } from './alert-target.js';
import { oneLine, stageTitle, whoAndWhere } from './finding-words.js';
import type { LaneEntry } from './lane.js';
import { wallTime } from './message-times.js';
import {
  hasContent,
  MARKS,
  type MessageItem,
  type MessageSection,
  type MessageView,
  senderOn,
} from './message-view.js';
import { MAX_LISTED } from './notification.js';
import { isActive } from './silence.js';
import type { Silences } from './silences.js';
import { mailTarget } from './target.js';

export interface Digests {
  /** Not delivered yet. */
  readonly waiting: readonly LaneEntry[];
  /** Made now, sent when the mail server takes it; nothing where nobody gets mail. */
  add(open: ReadonlyMap<string, Finding>, settings: AlertSettings): void;
  settled(id: string): void;
}

export interface DigestsOptions {
  readonly journal: Pick<Journal, 'newest'>;
  readonly clock: Clock;
  readonly silences: Pick<Silences, 'list'>;
}

const DAY_MS = 24 * 3_600_000;
const MAX_ENTRIES = 5000;
/** More than a week of undelivered digests is worth nothing. */
const MAX_WAITING = 7;

export function createDigests({ journal, clock, silences }: DigestsOptions): Digests {
  let waiting: readonly LaneEntry[] = [];
  return {
    get waiting() {
      return waiting;
    },
    add(open, settings) {
      const { email, digest } = settings.alerts;
      const to = digest.to.length > 0 ? digest.to : email.to;
      if (email.smtp_url === null || to.length === 0) return;
      const nowMs = clock.nowMs();
      const entries = journal.newest({ limit: MAX_ENTRIES, sinceMs: nowMs - DAY_MS });
      const silenced = silences.list().filter((one) => isActive(one, nowMs));
      const view = viewDigest({ entries, open, nowMs, silenceCount: silenced.length }, settings);
      const id = `digest.${randomUUID()}`;
      const message = { id, threadId: id, to: mailTarget(to).to, view, createdAtMs: nowMs };
      const entry = { id, createdAtMs: nowMs, prepare: () => Promise.resolve(message) };
      waiting = [...waiting, entry].slice(-MAX_WAITING);
    },
    settled(id) {
      waiting = waiting.filter((one) => one.id !== id);
    },
  };
}

export interface DigestFacts {
  /** Of the journal, newest first. */
  readonly entries: readonly JournalEntry[];
  readonly open: ReadonlyMap<string, Finding>;
  readonly silenceCount: number;
  readonly nowMs: number;
}

export function viewDigest(facts: DigestFacts, settings: AlertSettings): MessageView {
  const { entries, open, nowMs, silenceCount } = facts;
  const opened = entries.filter(({ type }) => type === 'finding_opened');
  const standing = [...open.values()]
    .filter((finding) => !isReportedByCause(finding))
    .toSorted(
      (one, other) =>
        SEVERITY_RANKS[one.severity] - SEVERITY_RANKS[other.severity] || one.beganAtMs - other.beganAtMs,
    );
  const title = `${counted(opened.length, 'finding')} in 24 hours, ${standing.length} open now`;
  const restarts = tally(
    entries.filter(({ type }) => type === 'restart_ended'),
    'result',
  );
  const sent = tally(
    entries.filter(({ type }) => type === 'notification'),
    'result',
  );
  const sections: readonly MessageSection[] = [
    {
      kind: 'items',
      title: 'Open now',
      about: String(standing.length),
      items: standing.slice(0, MAX_LISTED).map((finding) => toItem(finding, nowMs, settings)),
      more: Math.max(0, standing.length - MAX_LISTED),
    },
    { kind: 'lines', title: 'What opened', lines: openedLines(opened, settings) },
    { kind: 'lines', title: 'Restarts by stagewatch', lines: restarts },
    {
      kind: 'lines',
      title: 'Notifications',
      lines: [
        ...sent,
        ...(silenceCount > 0
          ? [`${counted(silenceCount, 'silence')} in force: stagewatch silence list`]
          : []),
      ],
    },
  ];
  const { external_url, timezone } = settings.alerts;
  return {
    tone: standing[0]?.severity ?? 'resolved',
    label: 'digest',
    subject: oneLine(`[digest] stagewatch: ${title}`),
    title,
    lead: [
      `From ${wallTime(nowMs - DAY_MS, timezone)} to ${wallTime(nowMs, timezone)}.`,
      ...(opened.length === 0 && standing.length === 0 ? ['All was well.'] : []),
    ],
    sections: sections.filter(hasContent),
    links: external_url === null ? [] : [{ title: 'stagewatch', url: external_url }],
    sender: senderOn(hostname()),
  };
}

/** Worst kinds first, each with how many and where: `▲ WorkerStuck: 7 (G3_02 Witnesses 5, G5_00 2)`. */
function openedLines(opened: readonly JournalEntry[], settings: AlertSettings): readonly string[] {
  const kinds = groupBy(opened, 'kind');
  const rank = (entries: readonly JournalEntry[]): number => rankOf(entries[0]?.['severity']);
  return [...kinds]
    .toSorted(([, one], [, other]) => rank(one) - rank(other) || other.length - one.length)
    .map(([kind, entries]) => {
      const stages = [...groupBy(entries, 'stage')]
        .filter(([stage]) => stage !== '')
        .toSorted(([, one], [, other]) => other.length - one.length)
        .slice(0, 5)
        .map(([stage, ofStage]) => `${stageTitle(stage, settings)} ${ofStage.length}`);
      const where = stages.length > 0 ? ` (${stages.join(', ')})` : '';
      return `${MARKS[severityOf(entries[0]?.['severity'])]} ${oneLine(kind)}: ${entries.length}${where}`;
    });
}

function toItem(
  { severity, kind, subject, summary, beganAtMs }: Finding,
  nowMs: number,
  settings: AlertSettings,
): MessageItem {
  const what = `${kind}, ${oneLine(summary)}, for ${formatDuration(Math.max(0, nowMs - beganAtMs))}`;
  return { mark: MARKS[severity], who: whoAndWhere(subject, settings), what, isNew: false };
}

function tally(entries: readonly JournalEntry[], field: string): readonly string[] {
  return [...groupBy(entries, field)].map(
    ([value, list]) => `${oneLine(value.replaceAll('_', ' '))}: ${list.length}`,
  );
}

function groupBy(entries: readonly JournalEntry[], field: string): Map<string, JournalEntry[]> {
  const groups = new Map<string, JournalEntry[]>();
  for (const entry of entries) {
    const value = entry[field];
    const key = typeof value === 'string' ? value : '';
    const group = groups.get(key) ?? [];
    group.push(entry);
    groups.set(key, group);
  }
  return groups;
}

function severityOf(value: unknown): keyof typeof SEVERITY_RANKS {
  return value === 'critical' || value === 'warning' ? value : 'info';
}

const rankOf = (value: unknown): number => SEVERITY_RANKS[severityOf(value)];
