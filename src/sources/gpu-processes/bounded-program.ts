/**
 * Runs a program within a time and a byte limit, one at a time: one that cannot be killed, as `nvidia-smi` on a GPU that is
 * lost, is never given company.
 */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { errorCode } from '../../lib/describe-error.js';
import { formatDuration, writeDuration } from '../../lib/duration.js';
import { SourceError } from '../source-error.js';

export interface BoundedProgram {
  /** What it printed, on both streams, and its exit code; rejects with SourceError. */
  run(args: readonly string[], signal: AbortSignal): Promise<ProgramEnd>;
}

export interface ProgramEnd {
  readonly text: string;
  /** Null: a signal ended it. */
  readonly exitCode: number | null;
}

export interface BoundedProgramOptions {
  /** The program and its first arguments. */
  readonly command: readonly string[];
  readonly clock: Clock;
  readonly timeLimitMs: number;
  readonly maxBytes: number;
  /** As `spawn` of Node.js. */
  readonly spawnProgram?: (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;
}

interface Running {
  readonly pid: number | undefined;
  readonly sinceMs: number;
}

/** Nothing else of the daemon's environment, where secrets may stand. */
const PASSED_ON = ['PATH', 'HOME', 'LD_LIBRARY_PATH', 'CUDA_DEVICE_ORDER'] as const;

export function createBoundedProgram(options: BoundedProgramOptions): BoundedProgram {
  const { command, clock, timeLimitMs, maxBytes, spawnProgram = spawn } = options;
  const [program = '', ...firstArgs] = command;
  const name = basename(program);
  /** The one that has been started and has not ended. */
  let running: Running | undefined;

  function stillHangs({ pid, sinceMs }: Running): SourceError {
    const age = formatDuration(clock.monotonicMs() - sinceMs);
    return new SourceError(
      'timeout',
      `${name} (process ${pid ?? '?'}) has not answered for ${age} and cannot be killed: a GPU or its driver hangs. ` +
        'No other is started until it ends; see dmesg for XID errors',
    );
  }

  function start(args: readonly string[]): ChildProcess {
    const env = Object.fromEntries(
      PASSED_ON.flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : [])),
    );
    return spawnProgram(program, [...firstArgs, ...args], {
      // A group of its own, so that what it starts ends with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, LC_ALL: 'C' },
    });
  }

  return {
    run(args, signal) {
      if (running) return Promise.reject(stillHangs(running));
      return new Promise<ProgramEnd>((resolve, reject) => {
        const child = start(args);
        const mine: Running = { pid: child.pid, sinceMs: clock.monotonicMs() };
        running = mine;
        const chunks: Buffer[] = [];
        let bytes = 0;

        function settle(): void {
          timer.cancel();
          signal.removeEventListener('abort', abort);
        }

        function giveUp(error: SourceError): void {
          settle();
          reject(error);
          killGroup(child);
          // It must not keep the daemon from ending.
          child.unref();
          for (const stream of [child.stdout, child.stderr]) stream?.destroy();
        }

        const abort = (): void => giveUp(new SourceError('interrupted', `${name} is no longer waited for`));
        const timer = clock.after(timeLimitMs, () =>
          giveUp(new SourceError('timeout', `${name}: no answer within ${writeDuration(timeLimitMs)}`)),
        );
        const ended = (): void => {
          if (running === mine) running = undefined;
        };
        const take = (chunk: Buffer): void => {
          bytes += chunk.length;
          if (bytes > maxBytes) giveUp(new SourceError('protocol', `${name} printed over ${maxBytes} bytes`));
          else chunks.push(chunk);
        };
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', take);
        child.on('error', (error) => {
          settle();
          ended();
          reject(explainStart(error, program));
        });
        // Its streams may be held open by what it has started, and then never close.
        child.on('exit', ended);
        child.on('close', (exitCode) => {
          settle();
          resolve({ text: Buffer.concat(chunks).toString('utf8'), exitCode });
        });
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort, { once: true });
      });
    },
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function explainStart(error: Error, program: string): SourceError {
  const code = errorCode(error);
  if (code === 'ENOENT') {
    const remedy = 'set gpu_processes.command to its path, or gpu_processes.file or url to its text';
    return new SourceError('unreachable', `${program} is not here: ${remedy}`);
  }
  if (code === 'EACCES') return new SourceError('permission', `${program} may not be run`);
  return new SourceError('unreachable', `${program} cannot be started`, { cause: error });
}
