/** Options of the source that reads which processes hold memory of which GPUs. */

import { z } from 'zod';
import { duration, globs, optionalText, optionalUrl } from './option-types.js';

const WAYS = ['command', 'file', 'url'] as const;
const NOTHING_EXPECTED: string[] = [];

export const gpuProcessesSection = z
  .strictObject({
    command: optionalText('a program').meta({
      description:
        'The `nvidia-smi` to run, with arguments before its own if it needs them (`chroot /host nvidia-smi`); no shell. ' +
        'Null: it is not run.',
    }),
    file: optionalText('a path').meta({
      description:
        'A file with the text of `nvidia-smi`, written again and again by a timer of the host, where the daemon sees no GPU.',
    }),
    url: optionalUrl(['http:', 'https:'], 'http://gpu-host:8000/gpu-processes.txt').meta({
      description: 'The same text behind a URL. The engine must be that of the host with the GPUs.',
    }),
    interval: duration('15s', { atLeast: '1s', atMost: '10m' }).meta({
      description: 'How often it is read.',
    }),
    request_timeout: duration('20s', { atLeast: '100ms', atMost: '5m' }).meta({
      description:
        'Time limit of each run or request. Without the driver’s persistence mode `nvidia-smi` takes seconds.',
    }),
    expected: globs(NOTHING_EXPECTED).meta({
      description:
        'Programs that hold GPU memory outside of all containers for a good reason, as name patterns: `*nvidia-cuda-mps-server`. ' +
        'GpuMemoryLeaked does not report them.',
    }),
  })
  .superRefine((section, context) => {
    const [, second] = WAYS.filter((way) => section[way] !== null);
    if (second === undefined) return;
    const message = 'expected one of command, file and url: the same is read from each';
    context.addIssue({ code: 'custom', path: [second], message });
  })
  .prefault({ expected: NOTHING_EXPECTED });

export type GpuProcessesConfig = z.output<typeof gpuProcessesSection>;
