/** Whom a message is for. */

import type { AlertChannel } from '../config/alert-routes.js';

/** Channels that are told in messages; an Alertmanager is told of states, and makes its own messages of them. */
export type MessageChannel = Exclude<AlertChannel, 'alertmanager'>;

/** One mailbox list or webhook: what is told to it is grouped, repeated and limited by itself. */
export interface Target {
  /** Tells it from others. */
  readonly key: string;
  readonly channel: MessageChannel;
  /** Mail addresses; empty for a webhook. */
  readonly to: readonly string[];
}

export function mailTarget(to: readonly string[]): Target {
  const sorted = [...new Set(to)].toSorted();
  return { key: `email:${sorted.join(',')}`, channel: 'email', to: sorted };
}
