/** Options of the RabbitMQ source. */

import { z } from 'zod';
import { duration, globs, optionalText, optionalUrl, wholeNumber } from './option-types.js';

const INCLUDED = ['*'];
/** Queues that the broker names for those who do not care: replies, mostly, gone with their connection. */
const EXCLUDED = ['amq.gen-*'];

/** The value is not repeated: what follows its host may be the rest of a password. */
const STRAY_AT =
  'has an @ after its host: percent-encode the password (/ is %2F, ? is %3F, # is %23, @ is %40), and an @ in a vhost or path too';

/** A `/`, `?` or `#` that a password has as it stands ends the host for a URL, and the rest would be shown. */
function hasStrayAt(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { pathname, search, hash } = new URL(text);
  return (pathname + search + hash).includes('@');
}

export const rabbitmqSection = z
  .strictObject({
    amqp_url: optionalUrl(['amqp:', 'amqps:'], 'amqp://user:pass@rabbitmq:5672/vhost').meta({
      description:
        'The broker itself: freshest depth and consumers of the stages’ queues, by passive declares. Its path names the vhost.',
    }),
    metrics_url: optionalUrl(['http:', 'https:'], 'http://rabbitmq:15692').meta({
      description:
        'The broker’s Prometheus plugin: every queue of the vhost at the least cost, with unacked messages and counters.',
    }),
    management_url: optionalUrl(['http:', 'https:'], 'http://user:pass@rabbitmq:15672').meta({
      description:
        'The broker’s management plugin: the same facts, the type and consumer timeout of each queue, the broker’s alarms, and ' +
        'which containers serve which queue.',
    }),
    interval: duration('5s', { atLeast: '1s', atMost: '1m' }).meta({
      description: 'How often the queues are read. The broker itself renews most figures every 5 seconds.',
    }),
    request_timeout: duration('4s', { atLeast: '100ms', atMost: '10s' }).meta({
      description: 'Time limit of each way into the broker, for one read.',
    }),
    stats_interval: duration('5s', { atLeast: '100ms', atMost: '10m' }).meta({
      description:
        'The broker’s own `collect_statistics_interval`: so old can a figure be when the broker tells it.',
    }),
    consumer_timeout: duration('30m', { atLeast: '1s' }).meta({
      description:
        'How long the broker waits for an ack before it takes a job away: its `consumer_timeout`, 30 minutes by default. RabbitMQ 4.3 and later report it for each consumer through `management_url`; older ones report it nowhere.',
    }),
    vhost: optionalText('a virtual host').meta({
      description: 'The virtual host to watch. Null: the one in `amqp_url`, else `/`.',
    }),
    include: globs(INCLUDED).meta({
      description: 'Queues to watch beside those of the stages, as name patterns.',
    }),
    exclude: globs(EXCLUDED).meta({
      description: 'Queues not to watch although `include` has them; those of stages are watched always.',
    }),
    max_queues: wholeNumber(2000, 1, 100_000).meta({
      description:
        'Upper bound on the number of queues watched beside those of the stages; a warning names it.',
    }),
    progress_exchange: optionalText('an exchange').meta({
      description:
        'Exchange (best: fanout) with progress messages, in the form of the progress files. Needs `amqp_url`.',
    }),
  })
  .superRefine((section, context) => {
    for (const key of ['amqp_url', 'metrics_url', 'management_url'] as const) {
      if (section[key] === null || !hasStrayAt(section[key])) continue;
      context.addIssue({ code: 'custom', path: [key], message: STRAY_AT });
    }
    if (section.progress_exchange !== null && section.amqp_url === null) {
      context.addIssue({
        code: 'custom',
        path: ['progress_exchange'],
        message: 'needs rabbitmq.amqp_url: progress messages come over AMQP only',
      });
    }
  })
  .prefault({ include: INCLUDED, exclude: EXCLUDED });

export type RabbitmqConfig = z.output<typeof rabbitmqSection>;
