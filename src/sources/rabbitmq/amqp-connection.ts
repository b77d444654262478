/** The home of amqplib: one connection to the broker whose every failure is named and which can be given up at once. */

import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import { abortable } from '../../lib/abortable.js';
import { errorCode } from '../../lib/describe-error.js';
import { SourceError } from '../source-error.js';
import type { AmqpAddress } from './broker-address.js';

export interface AmqpConnection {
  readonly version: string | undefined;
  readonly isClosed: boolean;
  openChannel(): Promise<Channel>;
  /** Drops the connection without a word to the broker, which may not answer; whatever is pending rejects. */
  destroy(): void;
}

export type { Channel, ConsumeMessage };

/** A dead connection is noticed within three of these even between reads. */
const HEARTBEAT_S = 5;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
const ACCESS_REFUSED = 403;

/** Rejects with SourceError; `signal` gives up. */
export async function openAmqp(
  address: AmqpAddress,
  limitMs: number,
  signal: AbortSignal,
): Promise<AmqpConnection> {
  const url = new URL(address.url);
  // What the user's URL says holds.
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(HEARTBEAT_S));
  // The library has no way to end a connection that is still being opened; its socket takes this.
  const givenUp = new AbortController();
  const socketOptions = {
    signal: givenUp.signal,
    noDelay: true,
    timeout: limitMs,
    clientProperties: { connection_name: 'stagewatch' },
  };
  const connecting = connect(url.href, socketOptions);
  const model = await untilGivenUp(connecting, signal).catch((error: unknown) => {
    connecting.then(destroySocket, () => undefined);
    givenUp.abort();
    throw explainConnect(error, address);
  });
  let isClosed = false;
  model.on('error', () => {
    // Heard so that it does not end the process; what was pending rejects with it.
    isClosed = true;
  });
  model.on('close', () => {
    isClosed = true;
  });
  const { version } = model.connection.serverProperties as { version?: unknown };
  return {
    version: typeof version === 'string' ? version : undefined,
    get isClosed() {
      return isClosed;
    },
    async openChannel() {
      const channel = await model.createChannel();
      // Unheard, the error of one channel would end the whole connection.
      channel.on('error', () => undefined);
      return channel;
    },
    destroy() {
      isClosed = true;
      destroySocket(model);
    },
  };
}

/** The library's own close waits for the broker without a limit. */
function destroySocket(model: ChannelModel): void {
  model.on('error', () => undefined);
  const { stream } = model.connection as ChannelModel['connection'] & {
    readonly stream?: { destroy(error: Error): void };
  };
  // Without an error the library would not notice, and what is pending would wait for ever.
  stream?.destroy(new Error('the connection was given up'));
}

/** Settles as `work`, or rejects when `signal` aborts. */
export function untilGivenUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return abortable(work, signal, () => new SourceError('interrupted', 'the read was given up'));
}

export type RefusalKind = 'missing' | 'locked' | 'forbidden';

/** Why the broker closed a channel; undefined when it did not, so that the connection itself is in question. */
export function refusalOf(error: unknown): RefusalKind | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  switch (error.code) {
    case NOT_FOUND:
      return 'missing';
    case RESOURCE_LOCKED:
      return 'locked';
    case ACCESS_REFUSED:
      return 'forbidden';
    default:
      return undefined;
  }
}

const HANDSHAKE_REFUSED = /Handshake terminated by server: 403/;
const OPEN_REFUSED = /Expected ConnectionOpenOk/;
const TIMED_OUT = /ETIMEDOUT/;

/** The library has no codes for these: its words are all there is to tell them apart. */
function explainConnect(error: unknown, { target, user, vhost }: AmqpAddress): Error {
  const said = error instanceof Error ? error.message : '';
  if (HANDSHAKE_REFUSED.test(said)) {
    const remedy =
      'check name and password in rabbitmq.amqp_url (guest may log in from the broker’s own host only)';
    return new SourceError('permission', `${target}: the user ${user} is refused; ${remedy}`);
  }
  if (OPEN_REFUSED.test(said)) {
    const remedy = `does it exist? If so: rabbitmqctl set_permissions -p ${vhost} ${user} '^stagewatch-' '^stagewatch-' '.*'`;
    return new SourceError('permission', `${target}: no access to vhost ${vhost} for ${user}; ${remedy}`);
  }
  if (errorCode(error) === 'ECONNREFUSED') {
    const remedy = 'is RabbitMQ running? Else correct rabbitmq.amqp_url';
    return new SourceError('unreachable', `nothing listens at ${target}; ${remedy}`);
  }
  if (TIMED_OUT.test(said)) {
    return new SourceError('timeout', `${target} takes the connection but does not answer as a broker does`);
  }
  if (error instanceof SourceError) return error;
  return new Error(`connecting to ${target}`, { cause: error });
}
