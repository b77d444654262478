/** What a channel is handed to deliver, and how it says what became of it. */

import type { MessageView } from './message-view.js';
import type { Notification } from './notification.js';

export interface OutgoingMessage {
  /** The same at every attempt. */
  readonly id: string;
  /** Of the first message about the same trouble. */
  readonly threadId: string;
  /** Mail addresses; empty for a webhook. */
  readonly to: readonly string[];
  readonly view: MessageView;
  /** All facts, for machines; absent in messages that are about no finding: the digest, a test. */
  readonly notification?: Notification;
  readonly createdAtMs: number;
}

export interface RefusedRecipient {
  readonly to: string;
  readonly problem: string;
}

export type DeliveryResult =
  /** Somebody has it; `refused` will never, and `later` may at another attempt. */
  | {
      readonly kind: 'sent';
      readonly refused: readonly RefusedRecipient[];
      readonly later: readonly RefusedRecipient[];
    }
  /** Nobody has it, and the same may succeed soon. */
  | { readonly kind: 'transient'; readonly problem: string; readonly retryAfterMs?: number }
  /** Nothing goes through until somebody changes the configuration or the server: a password, a certificate. */
  | { readonly kind: 'blocked'; readonly problem: string }
  /** This message will never be taken. */
  | { readonly kind: 'rejected'; readonly problem: string };

export interface Channel {
  /** Never rejects, and settles within its time limit or when the signal ends it. */
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<DeliveryResult>;
}
