/** Options of what is searched for in the logs of workers. */

import { z } from 'zod';
import { duration, flag } from './option-types.js';

const MAX_PATTERNS = 30;
const MAX_TEXTS = 50;

/** In order of precedence: a line that fits several has the first. */
const DEFAULT_PATTERNS: Readonly<Record<string, readonly string[]>> = {
  gpu_oom: [
    'CUDA out of memory',
    'CUDA error: out of memory',
    'CUDA_ERROR_OUT_OF_MEMORY',
    'cudaErrorMemoryAllocation',
    'CUBLAS_STATUS_ALLOC_FAILED',
    'HIP out of memory',
  ],
  nccl: [
    'NCCL*timeout',
    'NCCL*timed out',
    'NCCL*watchdog',
    'NCCL*WARN*error',
    'ncclUnhandledCudaError',
    'ncclSystemError',
  ],
  xid: ['NVRM: Xid', 'GPU has fallen off the bus', 'Unable to determine the device handle'],
  consumer_timeout: ['PRECONDITION_FAILED*timed out'],
  channel_closed: ['ChannelClosedByBroker', 'ConnectionClosedByBroker', 'StreamLostError'],
  segfault: ['Segmentation fault', 'SIGSEGV', 'core dumped', 'Fatal Python error'],
  disk_full: ['No space left on device', 'Disk quota exceeded', 'ENOSPC'],
  killed: ['Killed process', 'Killed  ', 'oom-kill', 'exit code 137', 'SIGKILL'],
  refused: ['ECONNREFUSED', 'Connection refused', 'ConnectionRefusedError'],
};

const patternName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, {
  error: () => 'expected a name like gpu_oom: a to z, 0 to 9 and _',
});

const texts = z
  .array(z.string().regex(/[^*\s]/, { error: () => 'expected text to find, with * for any run' }), {
    error: () => 'expected a list of texts to find, with * for any run',
  })
  .max(MAX_TEXTS, { error: () => `expected at most ${MAX_TEXTS} texts` });

export const logsSection = z
  .strictObject({
    follow: flag(false).meta({
      description:
        'Whether the logs of all workers are searched. False: only of workers under watch, which are silent, slow, starved or down.',
    }),
    interval: duration('30s', { atLeast: '2s', atMost: '10m' }).meta({
      description: 'How often the new lines of each such worker are read.',
    }),
    cooldown: duration('10m', { atLeast: '10s', atMost: '1d' }).meta({
      description: 'How long LogErrors stays open after the last line that fits.',
    }),
    patterns: z
      .record(patternName, texts, {
        error: () => 'expected names with a list of texts each, like {gpu_oom: ["CUDA out of memory"]}',
      })
      .refine((patterns) => Object.keys(patterns).length <= MAX_PATTERNS, {
        error: () => `expected at most ${MAX_PATTERNS} patterns`,
      })
      .default(DEFAULT_PATTERNS as Record<string, string[]>)
      .meta({
        valueType: 'map of name to texts',
        description:
          'What is searched for, in order of precedence: texts of a line, case ignored, `*` for any run. ' +
          'Replaces the built-in list as a whole; `{}` reads no logs.',
      }),
  })
  .prefault({});

export type LogsConfig = z.output<typeof logsSection>;
