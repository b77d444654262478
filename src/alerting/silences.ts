/** Keeps the silences: who asked for quiet about what, until when; each begin and end is in the journal. */

import { randomBytes } from 'node:crypto';
import type { Finding } from '../detectors/finding.js';
import type { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';
import type { DurableSection } from '../lib/durable-section.js';
import { fitsSilence, isActive, MATCHER_FIELDS, type Silence, type SilenceMatchers } from './silence.js';

export interface SilenceRequest {
  readonly matchers: SilenceMatchers;
  readonly durationMs: number;
  readonly by: string;
  readonly comment: string;
}

export interface Silences {
  /** After the state is open. */
  load(): void;
  /** Newest first; those that ended within the last day are among them. */
  list(): readonly Silence[];
  /** Undefined: there are too many already. */
  add(request: SilenceRequest): Silence | undefined;
  /** Ends it now; undefined: none of this id is active. */
  expire(id: string, by: string): Silence | undefined;
  isSilenced(finding: Finding): boolean;
  /** Writes down which have come to their end, and forgets old ones. */
  review(): void;
}

export interface SilencesOptions {
  readonly section: DurableSection;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
}

const KEEP_ENDED_MS = 24 * 3_600_000;
const MAX_ACTIVE = 500;
const MAX_KEPT = 1000;

export function createSilences({ section, journal, clock }: SilencesOptions): Silences {
  let silences: readonly Silence[] = [];
  /** Their end is in the journal. */
  const ended = new Set<string>();

  function keep(next: readonly Silence[]): void {
    silences = next.slice(0, MAX_KEPT);
    section.save(() => ({ silences, ended: [...ended] }));
  }

  function tellEnd({ id, matchers, by, comment }: Silence, how: 'expired' | 'ended', endedBy?: string): void {
    ended.add(id);
    journal.append({ type: 'silence_ended', id, how, matchers: { ...matchers }, by, comment, endedBy });
  }

  return {
    load() {
      const saved = readSaved(section.load());
      silences = saved.silences;
      for (const id of saved.ended) ended.add(id);
    },
    list: () => silences,
    add({ matchers, durationMs, by, comment }) {
      const nowMs = clock.nowMs();
      if (silences.filter((one) => isActive(one, nowMs)).length >= MAX_ACTIVE) return undefined;
      const id = randomBytes(4).toString('hex');
      const silence: Silence = { id, matchers, startsAtMs: nowMs, endsAtMs: nowMs + durationMs, by, comment };
      const endsAt = new Date(silence.endsAtMs).toISOString();
      journal.append({ type: 'silence_added', id, matchers: { ...matchers }, endsAt, by, comment });
      keep([silence, ...silences]);
      return silence;
    },
    expire(id, by) {
      const nowMs = clock.nowMs();
      const silence = silences.find((one) => one.id === id && isActive(one, nowMs));
      if (!silence) return undefined;
      const over = { ...silence, endsAtMs: nowMs };
      tellEnd(over, 'ended', by);
      keep(silences.map((one) => (one === silence ? over : one)));
      return over;
    },
    isSilenced(finding) {
      const nowMs = clock.nowMs();
      return silences.some((one) => isActive(one, nowMs) && fitsSilence(finding, one));
    },
    review() {
      const nowMs = clock.nowMs();
      const over = silences.filter((one) => one.endsAtMs <= nowMs && !ended.has(one.id));
      const old = silences.filter((one) => nowMs - one.endsAtMs >= KEEP_ENDED_MS);
      if (over.length === 0 && old.length === 0) return;
      for (const one of over) tellEnd(one, 'expired');
      for (const { id } of old) ended.delete(id);
      keep(silences.filter((one) => !old.includes(one)));
    },
  };
}

function readSaved(saved: unknown): {
  readonly silences: readonly Silence[];
  readonly ended: readonly string[];
} {
  if (typeof saved !== 'object' || saved === null) return { silences: [], ended: [] };
  const { silences, ended } = saved as Record<string, unknown>;
  return {
    silences: Array.isArray(silences) ? silences.filter(isSilence) : [],
    ended: Array.isArray(ended) ? ended.filter((id): id is string => typeof id === 'string') : [],
  };
}

function isSilence(value: unknown): value is Silence {
  if (typeof value !== 'object' || value === null) return false;
  const { id, by, comment, startsAtMs, endsAtMs, matchers } = value as Record<string, unknown>;
  return (
    [id, by, comment].every((text) => typeof text === 'string') &&
    [startsAtMs, endsAtMs].every(Number.isFinite) &&
    typeof matchers === 'object' &&
    matchers !== null &&
    Object.entries(matchers).every(
      ([field, pattern]) => MATCHER_FIELDS.some((one) => one === field) && typeof pattern === 'string',
    ) &&
    Object.keys(matchers).length > 0
  );
}
