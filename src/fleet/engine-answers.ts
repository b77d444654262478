/** What an engine answers when it is asked about one container, or to restart it. */

import type { ContainerState } from './model.js';

/** One container at this moment. */
export interface ContainerLook {
  readonly id: string;
  readonly name: string;
  readonly state: ContainerState;
  /** By the engine's clock. */
  readonly startedAtMs?: number;
  /** Its output is one stream, not two. */
  readonly isTty: boolean;
  /** How far the engine's clock is ahead of ours, to about a second. */
  readonly clockAheadMs: number;
  /** Facts worth keeping, without environment and arguments, where secrets may stand. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** `gone`: there is no such container. */
export type LookAnswer =
  | { readonly kind: 'seen'; readonly look: ContainerLook }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly problem: string };

export interface RestartHow {
  /** How long its process may take to end by itself. */
  readonly stopTimeoutMs: number;
  /** The engine answers when it is done, so the limit includes the stop timeout. */
  readonly limitMs: number;
  /** It is stopped only: another program replaces it. */
  readonly isStopOnly?: boolean;
}

export type RestartAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'gone' }
  /** The engine refuses or fails; `status` is HTTP's. */
  | { readonly kind: 'rejected'; readonly status: number; readonly problem: string }
  /** The engine never heard of it. */
  | { readonly kind: 'not_sent'; readonly problem: string }
  /** Nobody knows whether it was done. */
  | { readonly kind: 'unanswered'; readonly problem: string };

export interface LogLine {
  /** `all`: a terminal's output, which is one stream. */
  readonly stream: 'stdout' | 'stderr' | 'all';
  readonly text: string;
}

/** What may be missing: the engine does not answer in time, or says that it cannot tell. */
export type Reading<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'untold'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string };

export interface LogTail {
  /** The last lines, oldest first. */
  readonly lines: readonly LogLine[];
  /** There was more than the limits allow. */
  readonly isCut: boolean;
}

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
