/** Options of the daemon's own HTTP server: who may read, who may act, and under which names it answers. */

import { z } from 'zod';
import { optionalSecret, optionalText, optionalUrl } from './option-types.js';

const hostsError = (): string => 'expected a host name with * and ? as wildcards, or a list of them';

export const webSection = z
  .strictObject({
    bearer_token: optionalSecret('a token').meta({
      description: 'Token that every POST must carry. Null: every POST is refused with 403.',
    }),
    read_token: optionalSecret('a token').meta({
      description:
        'Token for reading: page, API and metrics, as a bearer token or as the password of any user. `bearer_token` may read too. ' +
        'Null: everyone may read, unless `config_file` has users.',
    }),
    config_file: optionalText('a path').meta({
      description:
        'TLS, basic authentication, headers and rate limit, in the format of Prometheus exporters (`--web.config.file`). ' +
        'Read again when it or a file that it names changes.',
    }),
    external_url: optionalUrl(['http:', 'https:'], 'https://stagewatch.example.com').meta({
      description:
        'Address at which people reach the page, behind a proxy for example: its host is answered, and links in messages ' +
        'lead there unless `alerts.external_url` is set.',
    }),
    allowed_hosts: z
      .union([z.string().min(1), z.array(z.string().min(1))], { error: hostsError })
      .meta({
        valueType: 'host name pattern or list of them',
        description:
          'Further names under which it answers, without port. IP addresses, names without a dot, `*.localhost`, the address of ' +
          '`listen`, the host name of the machine and the hosts of both `external_url` are always answered, others get status 421.',
      })
      .transform((value) => (typeof value === 'string' ? [value] : value))
      .prefault([]),
  })
  .prefault({});
