/** Options of the progress files that workers and orchestrators write. */

import { z } from 'zod';
import { duration, optionalText } from './option-types.js';

export const progressSection = z
  .strictObject({
    directory: optionalText('a path').meta({
      description:
        'Folder that holds one `<name>.json` a worker or orchestrator. Null: progress files are not read.',
    }),
    interval: duration('2s', { atLeast: '100ms', atMost: '5m' }).meta({
      description: 'How often the folder is looked at. A file that has not changed is not read again.',
    }),
    stall_limit: duration('10s', { atLeast: '100ms', atMost: '10m' }).meta({
      description:
        'When the folder has not answered for this long, its mount counts as stalled and the source as down.',
    }),
  })
  .prefault({});
