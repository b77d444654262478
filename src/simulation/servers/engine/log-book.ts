/** What the simulated programs write to their output: the newest lines of each container, made from what happens to it. */

import type { PipelineHooks, SimSentinel } from '../../pipeline-model.js';
import type { SimContainer, World } from '../../world.js';

export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  /** Virtual. */
  readonly atMs: number;
  /** Without a line end. */
  readonly text: string;
}

export interface LogBook {
  /** Hears of everything that programs would write of. */
  readonly hooks: PipelineHooks;
  /** Oldest first. */
  linesOf(container: string): readonly LogLine[];
  /** Calls with each line of the container from now on; gives a function that ends it. */
  follow(container: string, onLine: (line: LogLine) => void): () => void;
}

export interface LogBookOptions {
  readonly world: () => World;
  /** Virtual. */
  readonly nowMs: () => number;
}

/** Evidence takes the last 200. */
const MAX_LINES = 300;

export function createLogBook({ world, nowMs }: LogBookOptions): LogBook {
  const books = new Map<string, LogLine[]>();
  const followers = new Map<string, Set<(line: LogLine) => void>>();
  /** By container: what was last said of its document. */
  const lastDocument = new Map<string, string>();

  function write(container: string, text: string, stream: LogLine['stream'] = 'stdout'): void {
    const line = { stream, atMs: nowMs(), text };
    const book = books.get(container) ?? [];
    books.set(container, book);
    book.push(line);
    if (book.length > MAX_LINES) book.shift();
    for (const tell of followers.get(container) ?? []) tell(line);
  }

  function writeProgress(name: string): void {
    const report = world().files.get(name)?.report;
    if (report?.document === undefined) {
      lastDocument.delete(name);
      return;
    }
    const { document, stage = '', state, done, total, unit = 'step' } = report;
    const what = report.role === 'orchestrator' ? `${document} ${state} at ${stage}` : `${document} taken up`;
    if (lastDocument.get(name) !== what) {
      lastDocument.set(name, what);
      write(name, `INFO ${what}`);
    } else if (done !== undefined && done > 0) {
      write(name, `INFO ${document} ${unit} ${done} of ${total}`);
    }
  }

  function writeEnd({ stage, document, outcome, worker, error = '' }: SimSentinel): void {
    if (outcome === 'success') {
      write(worker, `INFO ${document} ${stage} done, sentinel written`);
      return;
    }
    write(worker, 'Traceback (most recent call last):', 'stderr');
    write(worker, `  File "/app/worker.py", line 88, in run_job`, 'stderr');
    write(worker, error, 'stderr');
    write(worker, `ERROR ${document} ${stage} failed, failure sentinel written`, 'stderr');
  }

  return {
    hooks: {
      containerChanged(container, change) {
        if (change === 'destroy') books.delete(container.name);
        else if (change === 'start') write(container.name, startLine(container, world()));
        else if (change === 'stop') write(container.name, 'WARNING SIGTERM received, stopping', 'stderr');
        else if (change === 'die' && container.exitCode === 139)
          write(container.name, 'Segmentation fault (core dumped)', 'stderr');
      },
      fileChanged: writeProgress,
      sentinelWritten: writeEnd,
    },
    linesOf: (container) => books.get(container) ?? [],
    follow(container, onLine) {
      const known = followers.get(container) ?? new Set();
      followers.set(container, known.add(onLine));
      return () => known.delete(onLine);
    },
  };
}

function startLine({ name }: SimContainer, { workers }: World): string {
  const worker = workers.get(name);
  if (!worker) return 'INFO started';
  const { stage, gpu } = worker;
  return `INFO ${stage.name} worker starts on GPU ${gpu}, loading ${stage.gpuMemoryGib} GiB of weights`;
}
