/** Options of the Docker Engine source. */

import { z } from 'zod';
import { duration, flag, oneOf, optionalText, wholeNumber } from './option-types.js';

const HOST_PATTERN = /^(unix:\/\/\/.+|(tcp|http|https):\/\/[^/\s]+\/?)$/;
const HOST_FORMS = 'unix:///path/to/docker.sock, tcp://host:2375 or https://host:2376';

export const dockerSection = z
  .strictObject({
    enabled: flag(true).meta({
      description:
        'Whether containers are watched. Without an engine, workers are known from their progress files only.',
    }),
    host: z
      .string({ error: () => `expected ${HOST_FORMS}` })
      .regex(HOST_PATTERN, { error: () => `expected ${HOST_FORMS}` })
      .nullable()
      .default(null)
      .meta({
        valueType: 'address',
        description:
          'The engine or socket proxy to watch: `unix:///var/run/docker.sock`, `tcp://proxy:2375`, `https://host:2376`. ' +
          'Null means `DOCKER_HOST` if it is set, else the local socket.',
      }),
    compose_project: optionalText('a compose project').meta({
      description: 'Watch only the containers of this compose project. Null watches all.',
    }),
    others: oneOf(['show', 'hide'], 'show').meta({
      description:
        'Whether containers that are no part of the pipeline are shown, with role `other`: on the page, in the API and on ' +
        '`/metrics`. Hidden ones are named once in the log.',
    }),
    restart_host: z
      .string({ error: () => `expected ${HOST_FORMS}` })
      .regex(HOST_PATTERN, { error: () => `expected ${HOST_FORMS}` })
      .nullable()
      .default(null)
      .meta({
        valueType: 'address',
        description:
          'A second address of the same engine, through which restarts go: a socket proxy that allows nothing else. Null: `host`.',
      }),
    restart_by: oneOf(['id', 'name'], 'id').meta({
      description:
        'How the container is named in that call. By id, a container that was just created anew cannot be meant; ' +
        'by name, a socket proxy can allow some containers only.',
    }),
    tls_ca: optionalText('a path').meta({
      description:
        'CA certificate (PEM) of a TLS engine. Null means `ca.pem` in `DOCKER_CERT_PATH`, if that is set.',
    }),
    tls_cert: optionalText('a path').meta({ description: 'Client certificate (PEM) for a TLS engine.' }),
    tls_key: optionalText('a path').meta({ description: 'Key (PEM) of the client certificate.' }),
    request_timeout: duration('10s', { atLeast: '100ms', atMost: '5m' }).meta({
      description: 'Time limit of each single call to the engine.',
    }),
    relist_interval: duration('60s', { atLeast: '1s', atMost: '1h' }).meta({
      description: 'How often everything is listed again to check what the events said.',
    }),
    inspect_concurrency: wholeNumber(4, 1, 32).meta({
      description: 'How many containers are inspected at the same time.',
    }),
    cpu_interval: duration('10s', { atLeast: '1s', atMost: '1m' }).meta({
      description: 'How often the CPU time of running containers is read.',
    }),
    cgroup_root: optionalText('a path', '/sys/fs/cgroup').meta({
      description:
        "Where the host's control groups are mounted: the CPU time of all containers is read there, at almost no cost. " +
        'Null reads none; the engine is then asked, for containers under suspicion only.',
    }),
  })
  .prefault({});

export type DockerConfig = z.output<typeof dockerSection>;
