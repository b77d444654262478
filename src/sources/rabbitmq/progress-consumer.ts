/** Receives progress messages from an exchange through a queue of its own, bounded and gone with the connection. */

import type { Clock } from '../../lib/clock.js';
import { SourceError } from '../source-error.js';
import { type AmqpConnection, type Channel, type ConsumeMessage, refusalOf } from './amqp-connection.js';

export const PROGRESS_QUEUE_PREFIX = 'stagewatch-progress-';

export interface ProgressConsumerOptions {
  readonly exchange: string;
  /** The same for each connection, so that a try that fails halfway leaves nothing behind. */
  readonly queue: string;
  readonly onMessage: (text: string) => void;
  readonly onOversized: (problem: SourceError) => void;
  readonly clock: Clock;
  /** The broker has ended the consumption; it can be begun anew. */
  readonly onEnd: () => void;
}

const MAX_MESSAGE_BYTES = 64 * 1024;
/** Enough for a message each of many workers; when the daemon lags, the oldest go. */
const MAX_QUEUED = 10_000;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** Messages that the broker sends before the first of them is acknowledged. */
const PREFETCH = 100;

/** Rejects with SourceError where exchange or permission is missing. */
export async function consumeProgress(
  connection: AmqpConnection,
  options: ProgressConsumerOptions,
): Promise<void> {
  const { exchange, queue } = options;
  const channel = await connection.openChannel();
  try {
    await channel.checkExchange(exchange);
    await channel.assertQueue(queue, {
      exclusive: true,
      autoDelete: true,
      durable: false,
      arguments: {
        'x-queue-type': 'classic',
        'x-max-length': MAX_QUEUED,
        'x-max-length-bytes': MAX_QUEUED_BYTES,
        'x-overflow': 'drop-head',
      },
    });
    await channel.bindQueue(queue, exchange, '#');
    channel.on('close', options.onEnd);
    await channel.prefetch(PREFETCH);
    const takeIn = createIntake(channel, options);
    await channel.consume(queue, (message) => takeIn(message));
  } catch (error) {
    throw explain(error, exchange);
  }
}

/**
 * Acknowledges messages together, after a pause as long as they took: a flood of them leaves the daemon half of its time, and
 * what is too much is dropped by the broker.
 */
function createIntake(channel: Channel, options: ProgressConsumerOptions) {
  const { clock } = options;
  let newest: ConsumeMessage | undefined;
  let workMs = 0;
  let isClosed = false;
  channel.on('close', () => {
    isClosed = true;
  });

  function acknowledge(): void {
    if (newest && !isClosed) channel.ack(newest, true);
    newest = undefined;
    workMs = 0;
  }

  return (message: ConsumeMessage | null): void => {
    if (message === null) {
      options.onEnd();
      return;
    }
    // In the next turn all that came in this one is taken in, and how long it took is known.
    if (!newest) clock.after(0, () => clock.after(workMs, acknowledge));
    newest = message;
    const startedMs = clock.monotonicMs();
    receive(message, options);
    workMs += clock.monotonicMs() - startedMs;
  };
}

function receive({ content }: ConsumeMessage, { onMessage, onOversized }: ProgressConsumerOptions): void {
  if (content.length > MAX_MESSAGE_BYTES) {
    onOversized(
      new SourceError('protocol', `a progress message is over ${MAX_MESSAGE_BYTES} bytes and is ignored`),
    );
  } else {
    onMessage(content.toString('utf8'));
  }
}

function explain(error: unknown, exchange: string): unknown {
  switch (refusalOf(error)) {
    case 'missing':
      return new SourceError(
        'rejected',
        `there is no exchange ${exchange}; declare it in the pipeline or correct rabbitmq.progress_exchange`,
      );
    case 'forbidden':
      return new SourceError(
        'permission',
        `the user may not consume from exchange ${exchange}; it needs configure and write on ^${PROGRESS_QUEUE_PREFIX}, read on that and on the exchange`,
      );
    default:
      return error;
  }
}
