/** Decides whether a job died with its container, or was given up because somebody stopped that. */

import type { Container, ContainerEnd } from '../fleet/model.js';
import type { Job } from '../fleet/progress-model.js';

/** A worker's last write and its container's end or start, by two clocks. */
export const SLACK_MS = 2000;
/** What `docker stop` and an interrupted terminal leave behind, where nobody saw who asked. */
const ORDINARY_CODES: ReadonlySet<number> = new Set([0, 130, 137, 143]);
/** A start follows the end that it belongs to sooner than this; an older end is of another life. */
const UNSEEN_MS = 10 * 60_000;

/** Somebody wanted it to end, as far as can be known. */
export function isDeliberate({ isAskedFor, exitCode, reason }: ContainerEnd): boolean {
  return isAskedFor ?? (ORDINARY_CODES.has(exitCode) && reason !== 'oom');
}

/** The container ended after the job began, and nothing was heard of the job since. */
export function isEndUnder({ startedAtMs, lastHeartbeatAtMs }: Job, { atMs }: ContainerEnd): boolean {
  return atMs >= startedAtMs && lastHeartbeatAtMs <= atMs + SLACK_MS;
}

/** The container runs in a life that began after the job was last heard of: its end was not seen. */
export function isOfLifeBefore(
  { startedAtMs, lastHeartbeatAtMs }: Job,
  { startedAtMs: againAtMs = 0 }: Container,
) {
  return againAtMs > startedAtMs + SLACK_MS && againAtMs > lastHeartbeatAtMs;
}

/** No engine does that by itself: somebody has deployed it anew. */
export function isRecreatedSince({ lastHeartbeatAtMs }: Job, { createdAtMs }: Container): boolean {
  return createdAtMs > lastHeartbeatAtMs;
}

export function describeDeath(container: Container | undefined, end: ContainerEnd | undefined): string {
  if (!end) return container ? 'its container was started again' : 'its container is gone';
  if (container && end.atMs < (container.startedAtMs ?? 0) - UNSEEN_MS)
    return 'its container was started again';
  if (end.reason === 'oom') return `killed for want of memory (exit code ${end.exitCode})`;
  return end.reason === 'signal' ? `ended by signal ${end.exitCode - 128}` : `exit code ${end.exitCode}`;
}
