/** Decides whether a job died with its container, or was given up because somebody stopped that. */

import { isOrdinaryEnd } from '../fleet/known-end.js';
import type { Container, ContainerEnd } from '../fleet/model.js';
import type { Job } from '../fleet/progress-model.js';

/** A worker's last write and its container's end or start, by two clocks. */
export const SLACK_MS = 2000;
/** A start follows the end that it belongs to sooner than this; an older end is of another life. */
const UNSEEN_MS = 10 * 60_000;

/** Somebody wanted it to end, as far as can be known. */
export function isDeliberate(end: ContainerEnd): boolean {
  return end.isAskedFor ?? isOrdinaryEnd(end);
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
  if (end.reason === 'oom') return `killed for want of memory${codeInBrackets(end)}`;
  return endInWords(end);
}

function codeInBrackets({ exitCode }: ContainerEnd): string {
  return exitCode === undefined ? '' : ` (exit code ${exitCode})`;
}

/** `exit code 3`, `ended by signal 9`. */
export function endInWords({ reason, exitCode }: ContainerEnd): string {
  if (reason === 'oom') return 'killed for want of memory';
  if (exitCode === undefined) return 'ended, exit code unknown';
  return reason === 'signal' ? `ended by signal ${exitCode - 128}` : `exit code ${exitCode}`;
}
