/** Receives progress messages from an exchange through a queue of its own, bounded and gone with the connection. */

import { SourceError } from '../source-error.js';
import { type AmqpConnection, type ConsumeMessage, refusalOf } from './amqp-connection.js';

export const PROGRESS_QUEUE_PREFIX = 'stagewatch-progress-';

export interface ProgressConsumerOptions {
  readonly exchange: string;
  /** The same for each connection, so that a try that fails halfway leaves nothing behind. */
  readonly queue: string;
  readonly onMessage: (text: string) => void;
  readonly onOversized: (problem: SourceError) => void;
  /** The broker has ended the consumption; it can be begun anew. */
  readonly onEnd: () => void;
}

const MAX_MESSAGE_BYTES = 64 * 1024;
/** Enough for a message each of many workers; when the daemon lags, the oldest go. */
const MAX_QUEUED = 10_000;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

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
    await channel.consume(queue, (message) => receive(message, options), { noAck: true });
  } catch (error) {
    throw explain(error, exchange);
  }
}

function receive(message: ConsumeMessage | null, { onMessage, onOversized, onEnd }: ProgressConsumerOptions) {
  if (message === null) {
    onEnd();
  } else if (message.content.length > MAX_MESSAGE_BYTES) {
    onOversized(
      new SourceError('protocol', `a progress message is over ${MAX_MESSAGE_BYTES} bytes and is ignored`),
    );
  } else {
    onMessage(message.content.toString('utf8'));
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
