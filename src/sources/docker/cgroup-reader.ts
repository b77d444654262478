/** Reads the CPU time of containers from control group files, and finds these files where it has not yet. */

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuReading } from '../../fleet/cpu-model.js';
import { errorCode } from '../../lib/describe-error.js';
import {
  type CgroupHints,
  type CgroupPlace,
  type CpuFileKind,
  cgroupFile,
  cgroupPlaces,
  placesInProc,
  rootlessPlaces,
  usersIn,
} from './cgroup-layout.js';
import { parseCpuFile } from './parse-cpu.js';

export interface RunningContainer {
  readonly id: string;
  readonly cgroup: CgroupHints;
  readonly isOnHostNetwork?: boolean;
}

export interface CgroupReading {
  /** Of those whose file was found. */
  readonly readings: readonly CpuReading[];
  /** What else than an absent file kept one from being read: a file that may not be opened, a strange content. */
  readonly problem?: unknown;
}

export interface CgroupReader {
  /** `nowMs` is of a clock that never goes back. */
  read(containers: readonly RunningContainer[], nowMs: number): CgroupReading;
  /** Forgets containers that run no more. */
  keepOnly(ids: ReadonlySet<string>): void;
}

export interface CgroupReaderOptions {
  /** `/sys/fs/cgroup`, or where a host's is mounted. */
  readonly root: string;
  readonly procRoot?: string;
}

interface CpuFile {
  readonly path: string;
  readonly kind: CpuFileKind;
}

/** Where nothing is to be found a search is a dozen opens: so many in one read, and again after this time. */
const MAX_VAIN_SEARCHES = 32;
const SEARCH_AGAIN_MS = 30_000;
/** A `cpu.stat` has some hundred bytes. */
const MAX_FILE_BYTES = 4096;

export function createCgroupReader({ root, procRoot = '/proc' }: CgroupReaderOptions): CgroupReader {
  const files = new Map<string, CpuFile>();
  const searchAgainAtMs = new Map<string, number>();
  // Synchronous, into one buffer: promises took ten times as long, and these files never make a reader wait.
  const buffer = Buffer.allocUnsafe(MAX_FILE_BYTES);
  /** Where the last one was found, for it fits nearly all. */
  let usualPlace: CgroupPlace | undefined;
  /** Of the read under way. */
  let problem: unknown;
  let vainSearches = 0;

  function readUsed({ path, kind }: CpuFile): number | undefined {
    try {
      const used = parseCpuFile(kind, readText(path, buffer));
      if (used === undefined) problem ??= new Error(`${path} does not hold CPU time`);
      return used;
    } catch (error) {
      if (!isAbsence(error)) problem ??= error;
      return undefined;
    }
  }

  function readAt(place: CgroupPlace, id: string): number | undefined {
    const file = { path: cgroupFile(root, place, id), kind: place.kind };
    const used = readUsed(file);
    if (used === undefined) return undefined;
    files.set(id, file);
    usualPlace = place;
    return used;
  }

  function search({ id, cgroup }: RunningContainer): number | undefined {
    for (const place of usualPlace ? [usualPlace, ...cgroupPlaces(cgroup)] : cgroupPlaces(cgroup)) {
      const used = readAt(place, id);
      if (used !== undefined) return used;
    }
    const proc = cgroup.pid === undefined ? [] : placesInProc(readProc(procRoot, cgroup.pid), id);
    for (const place of [...proc, ...rootlessPlaces(usersIn(namesIn(join(root, 'user.slice'))))]) {
      const used = readAt(place, id);
      if (used !== undefined) return used;
    }
    return undefined;
  }

  /** For one whose file is not known, or is there no more. */
  function findAgain(container: RunningContainer, nowMs: number): number | undefined {
    const { id } = container;
    const wasThere = files.delete(id);
    if (vainSearches >= MAX_VAIN_SEARCHES || nowMs < (searchAgainAtMs.get(id) ?? 0)) return undefined;
    const usedSeconds = search(container);
    if (usedSeconds !== undefined) return usedSeconds;
    vainSearches++;
    // One that was there a moment ago is looked for at once: its container may be starting again.
    if (!wasThere) searchAgainAtMs.set(id, nowMs + SEARCH_AGAIN_MS);
    return undefined;
  }

  return {
    read(containers, nowMs) {
      problem = undefined;
      vainSearches = 0;
      const readings: CpuReading[] = [];
      for (const container of containers) {
        const { id } = container;
        const file = files.get(id);
        const usedSeconds = (file && readUsed(file)) ?? findAgain(container, nowMs);
        if (usedSeconds !== undefined) readings.push({ id, usedSeconds });
      }
      return { readings, ...(problem !== undefined && { problem }) };
    },
    keepOnly(ids) {
      for (const map of [files, searchAgainAtMs])
        for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    },
  };
}

function readText(path: string, buffer: Buffer): string {
  const descriptor = openSync(path, 'r');
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Empty for a process that is not here, or that may not be looked at: then it is one of the usual places or none. */
function readProc(procRoot: string, pid: number): string {
  try {
    return readFileSync(join(procRoot, String(pid), 'cgroup'), 'utf8');
  } catch {
    return '';
  }
}

/** Empty where there is no such folder: no user is logged in, or it is version 1. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The container has ended, or is elsewhere. */
function isAbsence(error: unknown): boolean {
  // ENODEV: the group was removed while its file was open.
  return ['ENOENT', 'ENOTDIR', 'ENODEV'].includes(errorCode(error) ?? '');
}
