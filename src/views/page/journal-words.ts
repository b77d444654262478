/** Says an entry of the journal in words: what happened, to whom, and what more there is to know. */

import { formatDuration } from '../picture/format.js';
import { severityName } from '../picture/vocabulary.js';
import type { JournalJson } from './page-json.js';
import type { ShapeName } from './shapes.js';

export interface EntryWords {
  readonly tone: ShapeName;
  readonly what: string;
  readonly subject: string;
  readonly detail: string;
}

const WHAT: Readonly<Record<string, string>> = {
  daemon_started: 'stagewatch started',
  daemon_stopped: 'stagewatch stopped',
  config_loaded: 'configuration loaded',
  config_refused: 'configuration refused',
  finding_opened: 'opened',
  finding_cleared: 'cleared',
  failure: 'failure',
  failure_sentinel: 'failure sentinel',
  restart_planned: 'restart planned',
  restart_refused: 'restart refused',
  restart_started: 'restart started',
  restart_ended: 'restart ended',
  restart_took_effect: 'failed restart took effect',
  silence_added: 'silence added',
  silence_ended: 'silence ended',
  notification: 'notification',
  scale: 'scaled',
  entries_lost: 'entries lost',
};

export function sayEntry(entry: JournalJson): EntryWords {
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '');
  const kind = text('kind');
  const subject =
    text('container') ||
    text('queue') ||
    text('source') ||
    text('channel') ||
    text('stage') ||
    text('document');
  const what = WHAT[entry.type] ?? entry.type.replaceAll('_', ' ');
  return {
    tone: toneOf(entry),
    what: kind === '' ? what : `${kind} ${what}`,
    subject: subject || (text('gpu') && `GPU ${text('gpu')}`),
    detail: detailOf(entry, text),
  };
}

function toneOf(entry: JournalJson): ShapeName {
  const { type, severity, result } = entry;
  if (type === 'finding_opened') return severityName(String(severity));
  if (type === 'finding_cleared' || result === 'recovered' || result === 'sent') return 'done';
  if (type === 'config_refused' || type === 'failure' || result === 'failed' || result === 'not_recovered')
    return 'warning';
  return 'info';
}

function detailOf(entry: JournalJson, text: (name: string) => string): string {
  const { lastedMs } = entry;
  if (entry.type === 'finding_cleared' && typeof lastedMs === 'number')
    return `after ${formatDuration(lastedMs)}`;
  const said =
    text('text') || text('summary') || text('problem') || text('reason') || text('error') || text('comment');
  const result = text('result').replaceAll('_', ' ');
  return [result, said, text('version')].filter((part) => part !== '').join(' · ');
}
