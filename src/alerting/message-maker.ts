/** Makes the message of a notification, with what is known beside it: recovery's word, the end of a log, what ended it. */

import { hostname } from 'node:os';
import type { Finding } from '../detectors/finding.js';
import type { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';
import { withDeadline } from '../lib/deadline.js';
import { formatDuration } from '../lib/duration.js';
import type { Logger } from '../lib/logger.js';
import type { AlertSettings } from './alert-settings.js';
import type { OutgoingMessage } from './delivery.js';
import type { MessageCommand } from './message-command.js';
import { type FindingNotes, type MessageNotes, viewMessage } from './message-view.js';
import type { EndedFinding, Notification } from './notification.js';

/** What to type about each of them, by id, the most useful first; asked once a message, as it looks at everything. */
export type CommandsOf = (findings: readonly Finding[]) => ReadonlyMap<string, readonly MessageCommand[]>;

/** May take its time; a message does not wait for it for long. */
export type NotesOf = (finding: Finding) => FindingNotes | Promise<FindingNotes>;

export interface MessageMaker {
  make(notification: Notification, settings: AlertSettings): Promise<OutgoingMessage>;
}

export interface MessageMakerOptions {
  readonly journal: Pick<Journal, 'newest'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly notesOf?: NotesOf;
  readonly commandsOf?: CommandsOf;
}

const NOTES_LIMIT_MS = 5000;
/** Of a group, the log and the fate of so many are asked for. */
const MAX_ASKED = 5;
const MAX_ENTRIES = 200;

export function createMessageMaker({
  journal,
  clock,
  log,
  notesOf,
  commandsOf,
}: MessageMakerOptions): MessageMaker {
  async function notesFor(
    finding: Finding,
    commands: readonly MessageCommand[],
  ): Promise<readonly [string, FindingNotes]> {
    if (!notesOf) return [finding.id, { commands }];
    const asked = Promise.resolve().then(() => notesOf(finding));
    const notes = await withDeadline(asked, {
      clock,
      limitMs: NOTES_LIMIT_MS,
      what: 'notes of a finding',
    }).catch((error: unknown) => {
      log.warn(
        { err: error, finding: finding.id },
        'a message goes without what is known beside its finding',
      );
      return {};
    });
    return [finding.id, { ...notes, commands }];
  }

  /** What is in the journal of restarts between the begin of the trouble and its end. */
  function endOf({ id, subject, beganAtMs, endedAtMs }: EndedFinding): readonly [string, string] | undefined {
    const { container } = subject;
    if (container === undefined) return undefined;
    const restart = journal
      .newest({ limit: MAX_ENTRIES, sinceMs: beganAtMs, types: ['restart_started'] })
      .find((entry) => entry['container'] === container && Date.parse(entry.at) <= endedAtMs);
    if (!restart) return undefined;
    const { by } = restart;
    const who = typeof by === 'string' && by !== '' ? by : 'stagewatch';
    const lateMs = Math.max(0, endedAtMs - Date.parse(restart.at));
    return [id, `restarted by ${who}, ${formatDuration(lateMs)} before it ended`];
  }

  return {
    async make(notification, settings) {
      const { id, threadId, target, createdAtMs, findings, newIds, reason, ended } = notification;
      const first = reason === 'grew' ? findings.filter((one) => newIds.includes(one.id)) : findings;
      const asked = [...new Set([...first, ...findings].slice(0, MAX_ASKED))];
      const commands = commandsOf?.(asked) ?? new Map<string, readonly MessageCommand[]>();
      const notes: MessageNotes = {
        of: new Map(await Promise.all(asked.map((one) => notesFor(one, commands.get(one.id) ?? [])))),
        ends: new Map(ended.map(endOf).filter((end) => end !== undefined)),
        host: hostname(),
      };
      return {
        id,
        threadId,
        to: target.to,
        view: viewMessage(notification, notes, settings),
        notification,
        createdAtMs,
      };
    },
  };
}
