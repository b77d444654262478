/** Keeps one folder of evidence an incident: whole or not at all, and bounded in number, age and size. */

import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryConfig } from '../config/recovery-section.js';
import { describeError, errorCode } from '../lib/describe-error.js';
import { incidentTimeMs } from './incident.js';

export type EvidenceLimits = Pick<RecoveryConfig, 'evidence_incidents' | 'evidence_age' | 'evidence_bytes'>;

export type Kept =
  /** Relative to the data directory: `evidence/20251123T121320.123Z-paddle-worker-gpu1-0`. */
  { readonly kind: 'kept'; readonly folder: string } | { readonly kind: 'failed'; readonly problem: string };

export interface EvidenceStore {
  /** When it resolves with `kept`, the folder survives a loss of power. Never rejects. */
  keep(incident: string, files: Readonly<Record<string, string>>): Promise<Kept>;
  /** Removes what is too old or too much, the oldest first, and leftovers of a life before; the problem in words. */
  prune(limits: EvidenceLimits, nowMs: number): Promise<string | undefined>;
}

const FOLDER = 'evidence';
const UNFINISHED = '.unfinished-';

export function createEvidenceStore(dataDirectory: string): EvidenceStore {
  const root = join(dataDirectory, FOLDER);
  /** Folders being written now are no leftovers. */
  const underWay = new Set<string>();

  async function write(incident: string, files: Readonly<Record<string, string>>): Promise<void> {
    const unfinished = join(root, `${UNFINISHED}${incident}`);
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    try {
      for (const [name, content] of Object.entries(files))
        await writeDurably(join(unfinished, name), content);
      await syncFolder(unfinished);
      await rename(unfinished, join(root, incident));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
    await syncFolder(root);
  }

  async function sizeOf(name: string): Promise<number> {
    const folder = join(root, name);
    const entries = await readdir(folder);
    const sizes = await Promise.all(entries.map(async (entry) => (await lstat(join(folder, entry))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async function removeBeyond(limits: EvidenceLimits, nowMs: number): Promise<void> {
    const entries = await readdir(root, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const leftovers = folders.filter((name) => name.startsWith(UNFINISHED) && !underWay.has(name));
    const newestFirst = folders
      .filter((name) => incidentTimeMs(name) !== undefined)
      .toSorted()
      .toReversed();
    let bytes = 0;
    const surplus: string[] = [];
    for (const [index, name] of newestFirst.entries()) {
      bytes += await sizeOf(name);
      const isOld = nowMs - (incidentTimeMs(name) ?? nowMs) > limits.evidence_age;
      const isSurplus = index >= limits.evidence_incidents || bytes > limits.evidence_bytes;
      // The newest stays, however large: it was just named to people.
      if (index > 0 && (isOld || isSurplus)) surplus.push(name);
    }
    for (const name of [...leftovers, ...surplus])
      await rm(join(root, name), { recursive: true, force: true });
  }

  return {
    async keep(incident, files) {
      underWay.add(`${UNFINISHED}${incident}`);
      try {
        await write(incident, files);
        return { kind: 'kept', folder: join(FOLDER, incident) };
      } catch (error) {
        return { kind: 'failed', problem: describeError(error) };
      } finally {
        underWay.delete(`${UNFINISHED}${incident}`);
      }
    },
    async prune(limits, nowMs) {
      try {
        await removeBeyond(limits, nowMs);
        return undefined;
      } catch (error) {
        return errorCode(error) === 'ENOENT' ? undefined : describeError(error);
      }
    },
  };
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
