/**
 * Remembers who asked a container to end since it was started, and decides whether that explains its end.
 *
 * A signal that the process ignores explains nothing that happens to it later: after `EXPIRES_MS` a request is over. A
 * stop with a longer grace ends with an event `stop` of its own, or with a `kill` just before the end.
 */

import type { ContainerEvent } from './observations.js';

/** Mutable, owned by the ledger of its container. */
export interface EndRequests {
  /** When the last one came. */
  askedAtMs: number | undefined;
  /** When SIGKILL was sent last: a process that has not ended since cannot end. */
  killedAtMs: number | undefined;
  /** One of them was something that the process can act on. */
  isGentle: boolean;
  /** One of them may have been SIGKILL. */
  mayKill: boolean;
}

const EXPIRES_MS = 30_000;
const SIGKILL = 9;
const KILLED = 128 + SIGKILL;

export function createEndRequests(): EndRequests {
  return { askedAtMs: undefined, killedAtMs: undefined, isGentle: false, mayKill: false };
}

export function noteEndRequest(
  requests: EndRequests,
  { atMs, signal }: Pick<ContainerEvent, 'atMs' | 'signal'>,
): void {
  requests.askedAtMs = atMs;
  requests.isGentle ||= signal !== SIGKILL;
  requests.mayKill ||= signal === undefined || signal === SIGKILL;
  if (signal === SIGKILL) requests.killedAtMs = atMs;
}

export function forgetEndRequests(requests: EndRequests): void {
  Object.assign(requests, createEndRequests());
}

/** SIGKILL that nobody asked the engine for comes from elsewhere, also soon after a gentler request. */
export function explainsEnd(
  { askedAtMs, mayKill }: EndRequests,
  { atMs, exitCode }: { readonly atMs: number; readonly exitCode: number | undefined },
): boolean {
  if (askedAtMs === undefined || atMs - askedAtMs > EXPIRES_MS) return false;
  return mayKill || exitCode !== KILLED;
}

/** So that the process could not put anything in order. */
export function isKilledOutright({ askedAtMs, isGentle }: EndRequests): boolean {
  return askedAtMs !== undefined && !isGentle;
}
