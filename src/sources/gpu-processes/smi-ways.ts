/** The three ways to the text of `nvidia-smi`: the program itself, a file that it was written to, and a URL. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { GpuProcessesConfig } from '../../config/gpu-processes-section.js';
import type { Clock } from '../../lib/clock.js';
import { formatDuration } from '../../lib/duration.js';
import { fetchPage } from '../fetch-page.js';
import { SourceError } from '../source-error.js';
import { createBoundedProgram } from './bounded-program.js';
import {
  APPS_QUERY,
  explainFailure,
  GPUS_QUERY,
  gpuUuidOf,
  LIST_QUERY,
  type ParsedSmi,
  parseNvidiaSmi,
} from './parse-nvidia-smi.js';

export interface SmiWay {
  readonly kind: 'command' | 'file' | 'url';
  /** For people, without credentials. */
  readonly target: string;
  /** Rejects with SourceError. */
  read(signal: AbortSignal): Promise<ParsedSmi>;
}

const MAX_BYTES = 1024 * 1024;
const MEDIA_TYPES = ['text/plain', 'text/csv'];
/** Indexes change only when the driver is loaded again. */
const TABLE_KEPT_MS = 10 * 60_000;
/** A file that was not written for so many intervals, and for so long, has lost its writer. */
const OLD_INTERVALS = 4;
const OLD_MS = 2 * 60_000;

/** One of them is configured. */
export function createSmiWay(config: GpuProcessesConfig, clock: Clock): SmiWay {
  const { command, file, url } = config;
  if (command !== null) return createProgramWay(command, config, clock);
  if (file !== null) return createFileWay(file, config, clock);
  if (url !== null) return createUrlWay(url, config, clock);
  throw new Error('gpu_processes is not configured');
}

function createProgramWay(command: string, { request_timeout }: GpuProcessesConfig, clock: Clock): SmiWay {
  const words = command.split(/\s+/).filter((word) => word !== '');
  const program = createBoundedProgram({
    command: words,
    clock,
    timeLimitMs: request_timeout,
    maxBytes: MAX_BYTES,
  });
  let gpus: ParsedSmi['gpus'] | undefined;
  let gpusAtMs = 0;
  let parents: ParsedSmi['parents'] = new Map();
  /** Instances that its list was asked for: one that it lacks is not asked for at each read. */
  let listed = new Set<string>();

  async function ask(query: readonly string[], signal: AbortSignal): Promise<ParsedSmi> {
    const { text, exitCode } = await program.run(query, signal);
    const parsed = parseNvidiaSmi(text);
    if (exitCode === 0 || parsed.gpus.length + parsed.processes.length > 0) return parsed;
    throw explainFailure(text.trim() || `exit code ${exitCode ?? 'of a signal'}`);
  }

  return {
    kind: 'command',
    target: words.join(' '),
    async read(signal) {
      const apps = await ask(APPS_QUERY, signal);
      const uuids = new Set(apps.processes.map(({ uuid }) => uuid));
      const known = new Set(gpus?.map(({ uuid }) => uuid));
      const isNew = [...uuids].some((uuid) => uuid.startsWith('GPU-') && !known.has(uuid));
      if (gpus === undefined || isNew || clock.monotonicMs() - gpusAtMs > TABLE_KEPT_MS) {
        ({ gpus } = await ask(GPUS_QUERY, signal));
        gpusAtMs = clock.monotonicMs();
      }
      const instances = [...uuids].filter((uuid) => gpuUuidOf(uuid, parents).startsWith('MIG-'));
      if (instances.some((uuid) => !listed.has(uuid))) {
        ({ parents } = await ask(LIST_QUERY, signal));
        listed = new Set(instances);
      }
      return { ...apps, gpus, parents };
    },
  };
}

function createFileWay(file: string, { interval }: GpuProcessesConfig, clock: Clock): SmiWay {
  /** On a mount that does not answer a read lasts for ever: no other is begun beside it. */
  let reading: Promise<string> | undefined;

  async function readNow(): Promise<string> {
    // Not blocking: to open a pipe would wait for who writes to it.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      const { size, mtimeMs } = stats;
      if (!stats.isFile()) throw new SourceError('protocol', `${file} is no ordinary file`);
      const ageMs = clock.nowMs() - mtimeMs;
      if (size > MAX_BYTES) throw new SourceError('protocol', `${file} is over ${MAX_BYTES} bytes`);
      if (ageMs > Math.max(OLD_MS, OLD_INTERVALS * interval)) {
        const remedy = 'does the timer that writes it still run?';
        throw new SourceError(
          'interrupted',
          `${file} was last written ${formatDuration(ageMs)} ago: ${remedy}`,
        );
      }
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  return {
    kind: 'file',
    target: file,
    async read() {
      reading ??= readNow().finally(() => {
        reading = undefined;
      });
      return parseNvidiaSmi(await reading);
    },
  };
}

function createUrlWay(given: string, { request_timeout }: GpuProcessesConfig, clock: Clock): SmiWay {
  const url = new URL(given);
  return {
    kind: 'url',
    // The query may hold a token.
    target: url.origin + url.pathname,
    async read(signal) {
      const limits = { timeLimitMs: request_timeout, maxBytes: MAX_BYTES, mediaTypes: MEDIA_TYPES };
      return parseNvidiaSmi(await fetchPage({ url, clock, signal, ...limits }));
    },
  };
}
