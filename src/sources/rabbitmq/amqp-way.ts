/** Reads queues over AMQP: those of the stages always, all others only while no plugin tells of them. */

import { randomUUID } from 'node:crypto';
import { createBackoff } from '../../lib/backoff.js';
import type { Clock } from '../../lib/clock.js';
import { type AmqpConnection, openAmqp, untilGivenUp } from './amqp-connection.js';
import type { AmqpAddress } from './broker-address.js';
import type { QueueChoice, Way } from './broker-way.js';
import { createDeclarer, type Declared, type Declarer } from './declare-queues.js';
import { consumeProgress, PROGRESS_QUEUE_PREFIX } from './progress-consumer.js';

export interface AmqpWayOptions {
  readonly address: AmqpAddress;
  readonly clock: Clock;
  readonly limitMs: number;
  readonly choice: QueueChoice;
  /** Queues to ask for beside those of the stages. */
  readonly furtherQueues: () => Iterable<string>;
  readonly progress?: ProgressPort;
}

export interface ProgressPort {
  readonly exchange: string;
  readonly onProgressMessage: (text: string, atMs: number) => void;
  /** Undefined: messages are being received. */
  readonly onState: (problem: unknown) => void;
  readonly onOversized: (problem: unknown) => void;
}

const BACKOFF = { baseMs: 1000, maxMs: 15_000 };

export function createAmqpWay(options: AmqpWayOptions): Way {
  const { address, clock, choice } = options;
  const backoff = createBackoff(BACKOFF);
  let session: AmqpSession | undefined;
  let pause: { readonly untilMs: number; readonly error: unknown } | undefined;

  async function connected(signal: AbortSignal): Promise<AmqpSession> {
    if (session && !session.connection.isClosed) return session;
    if (pause && clock.monotonicMs() < pause.untilMs) throw pause.error;
    const connection = await openAmqp(address, options.limitMs, signal);
    session = createSession(connection, options);
    return session;
  }

  /** A connection that fails is dropped, and tried again after a pause. */
  async function ask(signal: AbortSignal): Promise<Asked> {
    // Before anything is waited for: what another interface lists meanwhile is that one's to tell.
    const names = new Set([...choice.stageQueues, ...options.furtherQueues()]);
    try {
      const { connection, declarer, keepReceiving } = await connected(signal);
      // First, because progress does not depend on the right to ask for queues.
      await untilGivenUp(keepReceiving(), signal);
      const askedAtMs = clock.nowMs();
      const declared = await untilGivenUp(declarer.declare([...names]), signal);
      backoff.reset();
      pause = undefined;
      return { ...declared, version: connection.version, askedAtMs };
    } catch (error) {
      if (error !== pause?.error) pause = { untilMs: clock.monotonicMs() + backoff.nextDelayMs(), error };
      session?.connection.destroy();
      session = undefined;
      throw error;
    }
  }

  return {
    via: 'amqp',
    target: address.target,
    async read(signal) {
      const { readings, refusal, version, askedAtMs } = await ask(signal);
      if (refusal && readings.length === 0) throw refusal;
      return {
        via: 'amqp',
        atMs: askedAtMs,
        isComplete: false,
        queues: readings,
        ...(version !== undefined && { version }),
        ...(refusal && { caveat: { reason: refusal.reason, problem: refusal.message } }),
      };
    },
    close() {
      session?.connection.destroy();
      session = undefined;
    },
  };
}

interface Asked extends Declared {
  readonly version: string | undefined;
  readonly askedAtMs: number;
}

interface AmqpSession {
  readonly connection: AmqpConnection;
  readonly declarer: Declarer;
  /** Begins to receive progress messages where it is not being done; its failure is told to the port, never thrown. */
  keepReceiving(): Promise<void>;
}

function createSession(connection: AmqpConnection, { progress, clock }: AmqpWayOptions): AmqpSession {
  const queue = PROGRESS_QUEUE_PREFIX + randomUUID();
  let isReceiving = false;
  return {
    connection,
    declarer: createDeclarer(connection, clock),
    async keepReceiving() {
      if (!progress || isReceiving) return;
      try {
        isReceiving = true;
        await consumeProgress(connection, {
          exchange: progress.exchange,
          queue,
          onMessage: (text) => progress.onProgressMessage(text, clock.nowMs()),
          onOversized: progress.onOversized,
          clock,
          onEnd: () => {
            isReceiving = false;
          },
        });
        progress.onState(undefined);
      } catch (error) {
        isReceiving = false;
        progress.onState(error);
      }
    },
  };
}
