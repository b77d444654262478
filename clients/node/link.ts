/** The connection to the broker: opened again for ever; what it says of a channel that is gone is not sent. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import { errorText } from './files.js';
import type { Outcome } from './ledger.js';
import type { Delivery } from './message.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** A session that brought a message, or lasted so long, was a good one: the next pause is the first again. */
const GOOD_SESSION_MS = 10_000;
const CONNECT_LIMIT_MS = 10_000;

export interface LinkOptions {
  readonly url: string;
  readonly queue: string;
  readonly prefetch: number;
  readonly name: string;
  readonly heartbeatS: number;
  /** Undefined: the queue must be there. Else it is declared, durable, with these arguments. */
  readonly declare: Readonly<Record<string, unknown>> | undefined;
}

export interface LinkEvents {
  opened(epoch: number): void;
  delivered(delivery: Delivery): void;
  lost(why: string, pauseMs: number): void;
}

export interface Link {
  start(): void;
  settle(delivery: Delivery, outcome: Outcome): void;
  /** No new message from now on; what is in hand can still be settled. */
  cancel(): Promise<void>;
  /** Sends what is still to be sent, then closes. Gives up on a broker that does not answer. */
  close(limitMs: number): Promise<void>;
}

export function createLink(options: LinkOptions, events: LinkEvents): Link {
  const ending = new AbortController();
  let epoch = 0;
  let channel: Channel | undefined;
  let model: ChannelModel | undefined;
  let consumerTag: string | undefined;
  let isCancelled = false;
  let hasDelivered = false;
  let served: Promise<void> = Promise.resolve();

  async function serve(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!ending.signal.aborted) {
      const beganMs = performance.now();
      hasDelivered = false;
      const why = await session();
      channel = undefined;
      if (ending.signal.aborted) return;
      if (hasDelivered || performance.now() - beganMs >= GOOD_SESSION_MS) pauseMs = FIRST_PAUSE_MS;
      // Workers that lost the broker together must not come back together.
      const delayMs = pauseMs * (0.5 + Math.random() / 2);
      events.lost(why, delayMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await pause(delayMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }

  /** Resolves with the reason why it ended. */
  async function session(): Promise<string> {
    try {
      model = await connect(addressOf(options), {
        timeout: CONNECT_LIMIT_MS,
        noDelay: true,
        clientProperties: { connection_name: options.name },
      });
    } catch (error) {
      return describe(error, options, true);
    }
    const opened = model;
    try {
      return await consumeOn(opened);
    } catch (error) {
      return describe(error, options);
    } finally {
      model = undefined;
      // At the end `close` does it, after what was sent has been answered.
      if (!ending.signal.aborted) destroySocket(opened);
    }
  }

  async function consumeOn(opened: ChannelModel): Promise<string> {
    let end: (why: string) => void = () => undefined;
    const over = new Promise<string>((resolve) => {
      end = resolve;
    });
    const endWith = (error: unknown): void => end(describe(error, options));
    opened.on('error', endWith);
    opened.on('close', () => end('the broker closed the connection'));
    const consuming = await opened.createChannel();
    consuming.on('error', endWith);
    consuming.on('close', () => end('the broker closed the channel'));
    await consuming.prefetch(options.prefetch);
    if (options.declare) await consuming.assertQueue(options.queue, { arguments: options.declare });
    channel = consuming;
    epoch += 1;
    const ownEpoch = epoch;
    events.opened(ownEpoch);
    if (!isCancelled) {
      const consumed = await consuming.consume(options.queue, (message) => {
        hasDelivered = true;
        if (message) events.delivered(toDelivery(message, ownEpoch));
        else end(`the broker cancelled the consumer: queue ${options.queue} was deleted or moved`);
      });
      consumerTag = consumed.consumerTag;
    }
    return over;
  }

  return {
    start() {
      served = serve();
    },
    settle(delivery, outcome) {
      if (delivery.epoch !== epoch || !channel) return;
      const { tag } = delivery;
      // amqplib takes the message; it reads nothing of it but the tag.
      const message = { fields: { deliveryTag: tag } } as ConsumeMessage;
      try {
        if (outcome === 'ack') channel.ack(message);
        else channel.nack(message, false, outcome === 'requeue');
      } catch {
        // Closed between two turns of the loop: its tags mean nothing any more, and the message comes again.
        channel = undefined;
      }
    },
    async cancel() {
      isCancelled = true;
      if (channel && consumerTag !== undefined) await channel.cancel(consumerTag).catch(() => undefined);
    },
    async close(limitMs) {
      ending.abort();
      const closing = model;
      const limit = new AbortController();
      const timer = pause(limitMs, undefined, { signal: limit.signal }).catch(() => undefined);
      // The close of the channel is answered after all that was sent before it.
      await Promise.race([channel?.close().catch(() => undefined), timer]);
      await Promise.race([closing?.close().catch(() => undefined), timer]);
      limit.abort();
      if (closing) destroySocket(closing);
      await served;
    },
  };
}

/** What the URL itself says of heartbeats holds. */
function addressOf({ url, heartbeatS }: LinkOptions): string {
  const address = new URL(url);
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(heartbeatS));
  return address.href;
}

/** The library's own close waits for the broker without a limit. */
function destroySocket(model: ChannelModel): void {
  model.on('error', () => undefined);
  const { stream } = model.connection as ChannelModel['connection'] & {
    readonly stream?: { destroy(error: Error): void };
  };
  // Without an error the library would not notice, and its heartbeats would keep the process alive.
  stream?.destroy(new Error('the connection is given up'));
}

function toDelivery({ content, fields, properties }: ConsumeMessage, epoch: number): Delivery {
  const { messageId, headers } = properties as { messageId?: unknown; headers?: Record<string, unknown> };
  return {
    epoch,
    tag: fields.deliveryTag,
    body: content,
    headers: headers ?? {},
    messageId: typeof messageId === 'string' ? messageId : undefined,
    redelivered: fields.redelivered,
  };
}

/** The reason in words, with what to do about it; never the URL, which holds a password. */
function describe(error: unknown, { queue, url }: LinkOptions, isConnecting = false): string {
  const text = errorText(error);
  if (/NOT_FOUND - no queue/.test(text))
    return `queue ${queue} is not on the broker: ${text}; declare it, or pass declare: {} to have it declared`;
  if (/PRECONDITION_FAILED.*(timeout|timed out)/.test(text))
    return `a message was not acked within the broker's consumer_timeout, and is delivered again: ${text}; raise consumer_timeout, or lower prefetch so that none waits here for long`;
  if (/PRECONDITION_FAILED/.test(text))
    return `the broker refuses: ${text}; a queue that is declared must have the arguments that it was made with`;
  if (/ACCESS.REFUSED|Handshake terminated/.test(text))
    return `the broker refuses user or password: ${text}; correct the URL`;
  const { host } = new URL(url);
  return `${host}: ${text}${isConnecting ? '; is RabbitMQ running there? Else correct the URL' : ''}`;
}
