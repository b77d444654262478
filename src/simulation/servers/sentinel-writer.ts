/** Writes the sentinels of the simulated jobs, and takes the artifacts of old documents away as a backup would. */

import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SimSentinel } from '../pipeline-model.js';
import { replaceFile } from './replace-file.js';
import type { WallTime } from './wall-time.js';

export interface SentinelWriter {
  /** A job has ended at the time. */
  note(sentinel: SimSentinel, virtualMs: number): void;
  /** Brings what came since onto the disk. */
  flush(): void;
}

export interface SentinelWriterOptions {
  readonly root: string;
  /** Known from the first `flush` on. */
  readonly time: () => WallTime;
}

/** Folders of documents that are kept, the newest: an hour would leave a hundred thousand. */
const MAX_DOCUMENTS = 400;
/** Of the past, the newest: whoever starts a demo waits while they are written. */
const MAX_PAST = 800;

export function createSentinelWriter({ root, time }: SentinelWriterOptions): SentinelWriter {
  mkdirSync(root, { recursive: true });
  const waiting: { readonly sentinel: SimSentinel; readonly virtualMs: number }[] = [];
  /** Oldest first. */
  const documents = new Set<string>();

  function archive(): void {
    for (const document of documents) {
      if (documents.size <= MAX_DOCUMENTS) return;
      rmSync(join(root, document), { recursive: true, force: true });
      documents.delete(document);
    }
  }

  return {
    note(sentinel, virtualMs) {
      waiting.push({ sentinel, virtualMs });
      // Before there is a disk to bring them to, a long past gathers.
      if (waiting.length > MAX_PAST) waiting.shift();
    },
    flush() {
      for (const { sentinel, virtualMs } of waiting) {
        documents.add(sentinel.document);
        const path = join(root, sentinelPath(sentinel));
        mkdirSync(dirname(path), { recursive: true });
        replaceFile(path, renderSentinel(sentinel, time().toWallMs(virtualMs)));
      }
      waiting.length = 0;
      archive();
    },
  };
}

export function sentinelPath({ document, stage, outcome }: SimSentinel): string {
  return `${document}/${stage}/sentinel.json${outcome === 'failure' ? '.failed' : ''}`;
}

function renderSentinel({ stage, document, outcome, worker, error }: SimSentinel, wallMs: number): string {
  const at = Math.round(wallMs) / 1000;
  const base = { stage, document, worker };
  return JSON.stringify(
    outcome === 'success' ? { ...base, status: 'done', finished_at: at } : { ...base, error, failed_at: at },
  );
}
