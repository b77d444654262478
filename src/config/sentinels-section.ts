/** Options of the sentinel source. */

import { z } from 'zod';
import { duration, optionalText, show } from './option-types.js';
import { patternProblem } from './sentinel-pattern.js';

const MAX_REASONS = 30;
const MAX_PATTERNS = 200;

/** In order of precedence: a text that fits several reasons has the first. */
const DEFAULT_REASONS: Readonly<Record<string, readonly string[]>> = {
  gpu_oom: [
    'CUDA out of memory',
    'CUDA error: out of memory',
    'torch.OutOfMemoryError',
    'torch.cuda.OutOfMemoryError',
    'cudaErrorMemoryAllocation',
    'CUDA_ERROR_OUT_OF_MEMORY',
    'CUBLAS_STATUS_ALLOC_FAILED',
    'CUDNN_STATUS_ALLOC_FAILED',
    'HIP out of memory',
    'OOM when allocating tensor',
    'ResourceExhaustedError',
    'No available memory for the cache blocks',
  ],
  host_oom: [
    'MemoryError',
    'Cannot allocate memory',
    "can't allocate memory",
    'std::bad_alloc',
    'Unable to allocate * array',
    'out of memory',
    'OOMKilled',
    'exit code 137',
  ],
  // As stagewatch itself writes them: see recovery.write_failure_sentinels.
  worker_died: ['died in the middle of the job', 'Segmentation fault', 'core dumped', 'WorkerLostError'],
  worker_stuck: ['was stuck * and is restarted'],
  disk: [
    'No space left on device',
    'Disk quota exceeded',
    'Read-only file system',
    'Input/output error',
    'Too many open files',
    'ENOSPC',
  ],
  connection: [
    'Connection refused',
    'Connection reset',
    'Connection aborted',
    'Connection closed',
    'Connection timed out',
    'ConnectionError',
    'ConnectTimeout',
    'ConnectError',
    'Max retries exceeded',
    'RemoteDisconnected',
    'Broken pipe',
    'Name or service not known',
    'name resolution',
    'No route to host',
    'Network is unreachable',
    'StreamLostError',
    'ChannelClosed',
    'Bad Gateway',
    'Service Unavailable',
    'Gateway Time-out',
    'ECONNREFUSED',
    'ECONNRESET',
  ],
  input_document: [
    'PDFSyntaxError',
    'PdfReadError',
    'PdfStreamError',
    'PDFPageCountError',
    'PDFInfoNotInstalledError',
    'FileDataError',
    'EmptyFileError',
    'cannot open broken document',
    'Failed to open file',
    'not a PDF',
    'invalid PDF',
    'corrupt',
    'encrypted',
    'password',
    'EOF marker not found',
    'no pages',
    'cannot identify image file',
    'DecompressionBombError',
  ],
  model: [
    'state_dict',
    'size mismatch for',
    'safetensors',
    "Can't load * model",
    'does not appear to have a file named',
    'model * not found',
    'device-side assert',
    'illegal memory access',
    'CUDA error',
    'cuDNN error',
    'CUBLAS_STATUS',
    'NCCL error',
    'shapes cannot be multiplied',
    'Expected all tensors to be on the same device',
    'maximum context length',
  ],
  timeout: ['timed out', 'timeout', 'deadline exceeded', 'took too long'],
};

const reasonName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, { error: () => 'expected a reason like gpu_oom: a to z, 0 to 9 and _' });

const reasonPatterns = z
  .array(z.string().regex(/[^*\s]/, { error: () => 'expected text to find, with * for any run' }), {
    error: () => 'expected a list of texts to find, with * for any run',
  })
  .max(MAX_PATTERNS, { error: () => `expected at most ${MAX_PATTERNS} patterns` });

export const sentinelsSection = z
  .strictObject({
    root: optionalText('a path').meta({
      description:
        'Folder of the artifacts, in which the sentinel files appear. Null: sentinels are not watched.',
    }),
    pattern: z
      .string({ error: (issue) => `expected a path pattern, got ${show(issue.input)}` })
      .superRefine((pattern, context) => {
        const problem = patternProblem(pattern);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: `expected ${problem}` });
      })
      .default('{document}/{stage}/sentinel.json')
      .meta({
        valueType: 'path pattern',
        description:
          'Where under the root success sentinels are: `{document}`, `{stage}` and `*` stand for text within one name, ' +
          '`**` for any number of folders. The same plus `.failed` is a failure sentinel. ' +
          'A pattern without `{stage}` takes it from the JSON in the file.',
      }),
    interval: duration('1s', { atLeast: '100ms', atMost: '1h' }).meta({
      description: 'How often folders that are not watched by the kernel are looked at.',
    }),
    full_scan_interval: duration('10m', { atLeast: '5s', atMost: '1d' }).meta({
      description:
        'How often everything under the root is read again, whatever the kernel and the folders say.',
    }),
    watch_budget: z
      .number({ error: (issue) => `expected a number from 0 to 0.9, got ${show(issue.input)}` })
      .min(0, { error: () => 'expected a number from 0 to 0.9' })
      .max(0.9, { error: () => 'expected a number from 0 to 0.9' })
      .default(0.2)
      .meta({
        valueType: 'number, 0 to 0.9',
        description:
          'The part of fs.inotify.max_user_watches that may be used. Folders beyond it are looked at each interval. ' +
          '0: no watches.',
      }),
    reasons: z
      .record(reasonName, reasonPatterns, {
        error: () => 'expected reasons with a list of texts each, like {gpu_oom: ["CUDA out of memory"]}',
      })
      .refine((reasons) => Object.keys(reasons).length <= MAX_REASONS, {
        error: () => `expected at most ${MAX_REASONS} reasons`,
      })
      .default(DEFAULT_REASONS as Record<string, string[]>)
      .meta({
        valueType: 'map of reason to texts',
        description:
          'Why jobs fail, in order of precedence, and the texts in an error that say so (case ignored, `*` for any run ' +
          'within a line). What fits none is `unknown`. Replaces the built-in list as a whole.',
      }),
  })
  .prefault({});

export type SentinelsConfig = z.output<typeof sentinelsSection>;
