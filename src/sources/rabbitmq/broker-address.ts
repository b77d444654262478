/** Takes the broker's URLs apart: what to connect to, with which credentials, and what to call it without them. */

import type { RabbitmqConfig } from '../../config/rabbitmq-section.js';

export interface HttpAddress {
  /** `http://rabbitmq:15692`, without a slash at its end and without credentials. */
  readonly base: string;
  /** The Authorization header; absent without credentials. */
  readonly authorization?: string;
  readonly user?: string;
}

export interface AmqpAddress {
  readonly url: string;
  /** `amqp://rabbitmq:5672/vhost`, without credentials. */
  readonly target: string;
  readonly user: string;
  readonly vhost: string;
  readonly port: number;
}

export interface BrokerAddress {
  readonly vhost: string;
  readonly amqp?: AmqpAddress;
  readonly metrics?: HttpAddress;
  readonly management?: HttpAddress;
}

export function brokerAddress(config: RabbitmqConfig): BrokerAddress {
  const fromPath = config.amqp_url === null ? '' : vhostInPath(new URL(config.amqp_url));
  const vhost = config.vhost ?? (fromPath === '' ? '/' : fromPath);
  return {
    vhost,
    ...(config.amqp_url !== null && { amqp: amqpAddress(new URL(config.amqp_url), vhost) }),
    ...(config.metrics_url !== null && { metrics: httpAddress(config.metrics_url) }),
    ...(config.management_url !== null && { management: httpAddress(config.management_url) }),
  };
}

function vhostInPath({ pathname }: URL): string {
  return decode(pathname.replace(/^\//, ''));
}

function amqpAddress(url: URL, vhost: string): AmqpAddress {
  const port = url.port === '' ? (url.protocol === 'amqps:' ? '5671' : '5672') : url.port;
  const encoded = encodeURIComponent(vhost);
  const user = url.username === '' && url.password === '' ? 'guest' : decode(url.username);
  const withVhost = new URL(url);
  withVhost.pathname = `/${encoded}`;
  return {
    url: withVhost.href,
    target: `${url.protocol}//${url.hostname}:${port}/${encoded}`,
    user,
    vhost,
    port: Number(port),
  };
}

function httpAddress(text: string): HttpAddress {
  const url = new URL(text);
  const base = `${url.protocol}//${url.host}${url.pathname}`.replace(/\/+$/, '');
  if (url.username === '' && url.password === '') return { base };
  const user = decode(url.username);
  const pair = Buffer.from(`${user}:${decode(url.password)}`).toString('base64');
  return { base, user, authorization: `Basic ${pair}` };
}

/** A stray `%` is meant as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded: the text itself is the value.
    return text;
  }
}
