/** Finds out what came of a restart that was asked of the engine, from its answer or, without one, from the container itself. */

import type { ContainerLook, LookAnswer, RestartAnswer } from '../fleet/engine-answers.js';
import type { Clock } from '../lib/clock.js';
import type { EnginePort } from './engine-port.js';
import type { InFlight } from './memory.js';

export type Settled =
  /** `startedAtMs` by the engine's clock. */
  | { readonly kind: 'started'; readonly startedAtMs: number }
  /** A Swarm task has ended, and another one is to take its place. */
  | { readonly kind: 'ended' }
  | FailedRestart
  /** The daemon stops before it is known; the next life finds out. */
  | { readonly kind: 'open' };

export interface FailedRestart {
  readonly kind: 'failed';
  readonly text: string;
  /** It is stopped now, and by us. */
  readonly isLeftDown: boolean;
  /** The engine may still do what it was asked; when that was known. */
  readonly mayComeAtMs?: number;
}

export interface SettleOptions {
  readonly engine: EnginePort;
  readonly inFlight: InFlight;
  /** How long the engine lets the worker end by itself. */
  readonly stopTimeoutMs: number;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
}

const LOOK_EVERY_MS = 500;
/** The engine has said that it is done: the start is there, or it ended again at once. */
const AFTER_ANSWER_MS = 5000;
/** It has said nothing: it may still be at it. */
const WITHOUT_ANSWER_MS = 30_000;
/** It tells nothing at all: what it was asked it may still do when it is back, so it is waited for. */
const SILENT_MS = 10 * 60_000;

export function awaitStart(answer: RestartAnswer, options: SettleOptions): Promise<Settled> {
  switch (answer.kind) {
    case 'done':
      return watch(options, {
        forMs: AFTER_ANSWER_MS,
        problem: 'the engine said it was done',
        mayCome: false,
      });
    case 'gone':
      if (options.inFlight.place !== undefined) return Promise.resolve({ kind: 'ended' });
      return Promise.resolve({
        kind: 'failed',
        text: 'its container was removed meanwhile',
        isLeftDown: false,
      });
    case 'not_sent':
      return Promise.resolve({
        kind: 'failed',
        text: `the engine could not be asked: ${answer.problem}`,
        isLeftDown: false,
      });
    case 'rejected':
      // An engine that fails (5xx) may have begun, as when a process does not end; one that refuses (4xx) has not.
      return watch(options, {
        forMs: 0,
        problem: `the engine answered ${answer.problem}`,
        mayCome: answer.status >= 500 && options.inFlight.place === undefined,
      });
    case 'unanswered':
      return watch(options, {
        forMs: WITHOUT_ANSWER_MS,
        problem: `the engine did not answer: ${answer.problem}`,
        mayCome: true,
      });
  }
}

/**
 * After a life of the daemon that ended in the middle, while the call had `limitMs` to be answered. A clock that was set
 * back since makes the rest of that no longer than it ever was.
 */
export function findOut(options: SettleOptions, limitMs: number): Promise<Settled> {
  const leftMs = options.inFlight.askedAtMs + limitMs - options.clock.nowMs();
  const forMs = Math.min(Math.max(AFTER_ANSWER_MS, leftMs), limitMs);
  return watch(options, { forMs, problem: 'stagewatch ended while it was being restarted', mayCome: true });
}

interface Watch {
  readonly forMs: number;
  readonly problem: string;
  /** The engine may still do it when this watch is over. */
  readonly mayCome: boolean;
}

/** Watches for so long, and as long once more from when an engine that told nothing tells of it again. */
async function watch(
  { engine, inFlight, stopTimeoutMs, clock, stopped }: SettleOptions,
  how: Watch,
): Promise<Settled> {
  const { forMs, problem } = how;
  const beganMs = clock.monotonicMs();
  let endMs = beganMs + forMs;
  const againMs = forMs === 0 ? 0 : stopTimeoutMs + forMs;
  let isSilent = false;
  for (;;) {
    if (stopped.aborted) return { kind: 'open' };
    const answer = await engine.look(inFlight.containerId);
    const outcome = outcomeOf(answer, inFlight, problem);
    if (outcome) return outcome;
    const look = answer.kind === 'seen' ? answer.look : undefined;
    const nowMs = clock.monotonicMs();
    if (look && isSilent) endMs = Math.max(endMs, Math.min(nowMs, beganMs + SILENT_MS) + againMs);
    isSilent = !look;
    if (nowMs >= (look ? endMs : Math.max(endMs, beganMs + SILENT_MS))) {
      return giveUp(how, look, clock.nowMs());
    }
    await pause(clock, stopped);
  }
}

/** Undefined: it runs as before, or nothing is known of it. */
function outcomeOf(answer: LookAnswer, inFlight: InFlight, problem: string): Settled | undefined {
  if (inFlight.place !== undefined && hasEnded(answer)) return { kind: 'ended' };
  if (answer.kind === 'gone') {
    return { kind: 'failed', text: `${problem}; its container is gone`, isLeftDown: false };
  }
  const startedAtMs = answer.kind === 'seen' ? answer.look.startedAtMs : undefined;
  if (startedAtMs === undefined || startedAtMs === inFlight.startedBeforeMs) return undefined;
  return { kind: 'started', startedAtMs };
}

function hasEnded(answer: LookAnswer): boolean {
  if (answer.kind !== 'seen') return answer.kind === 'gone';
  return answer.look.state === 'exited' || answer.look.state === 'dead';
}

function giveUp({ problem, mayCome }: Watch, look: ContainerLook | undefined, nowMs: number): FailedRestart {
  if (look && look.state !== 'running') {
    return { kind: 'failed', text: `${problem}; it is ${look.state} now`, isLeftDown: true };
  }
  const what = look ? 'it was not restarted' : 'it does not tell of it';
  const later = mayCome ? { mayComeAtMs: nowMs } : {};
  return { kind: 'failed', text: `${problem}; ${what}`, isLeftDown: false, ...later };
}

function pause(clock: Clock, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(LOOK_EVERY_MS, done);
    function done(): void {
      timer.cancel();
      stopped.removeEventListener('abort', done);
      resolve();
    }
    stopped.addEventListener('abort', done);
  });
}
