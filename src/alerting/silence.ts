/** What a silence is, and which findings it keeps quiet while it lasts. */

import type { Finding } from '../detectors/finding.js';
import { matchesGlob } from '../lib/glob.js';

export const MATCHER_FIELDS = ['kind', 'container', 'stage', 'queue', 'gpu', 'severity'] as const;
export type MatcherField = (typeof MATCHER_FIELDS)[number];

/** Name patterns with `*` and `?`; a finding is silenced that fits all of them. */
export type SilenceMatchers = { readonly [F in MatcherField]?: string };

export interface Silence {
  readonly id: string;
  readonly matchers: SilenceMatchers;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** Who asked for it, and why, in their own words. */
  readonly by: string;
  readonly comment: string;
}

type Silenceable = Pick<Finding, 'kind' | 'severity' | 'subject'>;

/** A finding that is about no queue fits no pattern for one, not even `*`. */
export function fitsSilence(
  { kind, severity, subject }: Silenceable,
  { matchers }: Pick<Silence, 'matchers'>,
): boolean {
  const { container, stage, queue, gpu } = subject;
  const values = { kind, severity, container, stage, queue, gpu };
  return MATCHER_FIELDS.every((field) => {
    const pattern = matchers[field];
    const value = values[field];
    return pattern === undefined || (value !== undefined && matchesGlob(pattern, value));
  });
}

export function isActive({ startsAtMs, endsAtMs }: Silence, nowMs: number): boolean {
  return startsAtMs <= nowMs && nowMs < endsAtMs;
}
