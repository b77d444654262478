/** Options of the DCGM source, which reads GPUs from a dcgm-exporter. */

import { z } from 'zod';
import { duration, optionalUrl } from './option-types.js';

export const dcgmSection = z
  .strictObject({
    url: optionalUrl(['http:', 'https:'], 'http://dcgm-exporter:9400').meta({
      description:
        'The dcgm-exporter to read, with user and password if it asks for them. Without a path `/metrics` is read. ' +
        'Null: GPUs are not watched.',
    }),
    interval: duration('10s', { atLeast: '1s', atMost: '10m' }).meta({
      description:
        'How often it is read. The exporter itself measures every 30 s by default; reading faster repeats its values.',
    }),
    request_timeout: duration('5s', { atLeast: '100ms', atMost: '5m' }).meta({
      description: 'Time limit of one read, from the connection to the last byte.',
    }),
  })
  .prefault({});

export type DcgmConfig = z.output<typeof dcgmSection>;
