/**
 * Reads from /proc which container a process belongs to, and since when it runs: by its control group, which every engine
 * names after the container. No file is read that could wait for a stuck process.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { GpuProcessOwner } from '../../fleet/gpu-process-model.js';
import { errorCode } from '../../lib/describe-error.js';
import { clean } from './parse-nvidia-smi.js';

export interface ProcOwners {
  /** Of processes by their id on the host. */
  read(pids: readonly number[], nowMs: number): ReadonlyMap<number, ProcFacts>;
  /** The processes of the host are visible here, as far as can be told. */
  readonly isHostVisible: boolean;
}

export interface ProcFacts {
  readonly owner: GpuProcessOwner;
  /** Name of its program, cut to 15 characters by the kernel. */
  readonly program?: string;
  readonly startedAtMs?: number;
}

/** Of the first namespace of process ids: `PROC_PID_INIT_INO` of the kernel. */
const HOST_NAMESPACE = 'pid:[4026531836]';
/** `docker/<id>`, `docker-<id>.scope`, `libpod-<id>.scope`, `cri-containerd-<id>.scope`. */
const CONTAINER_ID = /\b[0-9a-f]{64}\b/g;
const TICKS_A_SECOND = 100;
/** Field 22 of `stat`, counted after the name, which may have spaces and brackets. */
const START_FIELD = 19;
const MAX_PROGRAM = 80;

export function createProcOwners(procRoot = '/proc'): ProcOwners {
  const own = new Set(idsIn(readIfThere(join(procRoot, 'self/cgroup'))));
  let isHostVisible = isHostNamespace(procRoot);
  /** Those that were not there at the last read: a process may end between the driver's word and the look. */
  let missing = new Set<number>();

  /** Undefined: another process than the driver's may have the number here, or it may not be read. */
  function readOne(pid: number, nowMs: number, missingNow: Set<number>): ProcFacts | undefined {
    const folder = join(procRoot, String(pid));
    let ids: readonly string[];
    try {
      ids = idsIn(readFileSync(join(folder, 'cgroup'), 'utf8')).filter((id) => !own.has(id));
    } catch (error) {
      const code = errorCode(error);
      if (code !== 'ENOENT' && code !== 'ESRCH') return undefined;
      missingNow.add(pid);
      return missing.has(pid) ? { owner: { kind: 'ended' } } : undefined;
    }
    const program = clean(readIfThere(join(folder, 'comm')), MAX_PROGRAM);
    const startedAtMs = readStart(folder, procRoot, nowMs);
    return {
      owner: ids.length > 0 ? { kind: 'container', ids } : { kind: 'none' },
      ...(program !== '' && { program }),
      ...(startedAtMs !== undefined && { startedAtMs }),
    };
  }

  return {
    get isHostVisible() {
      return isHostVisible;
    },
    read(pids, nowMs) {
      const missingNow = new Set<number>();
      const read = new Map<number, ProcFacts>();
      for (const pid of pids) {
        const facts = readOne(pid, nowMs, missingNow);
        if (facts) read.set(pid, facts);
      }
      missing = missingNow;
      // A namespace of our own shows our own processes only: one of another container is of the host.
      isHostVisible ||= [...read.values()].some(({ owner }) => owner.kind === 'container');
      if (isHostVisible) return read;
      return new Map();
    },
  };
}

function idsIn(cgroup: string): readonly string[] {
  return [...new Set(cgroup.match(CONTAINER_ID))];
}

function isHostNamespace(procRoot: string): boolean {
  try {
    return readlinkSync(join(procRoot, 'self/ns/pid')) === HOST_NAMESPACE;
  } catch {
    return false;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended since.
    return '';
  }
}

function readStart(folder: string, procRoot: string, nowMs: number): number | undefined {
  const stat = readIfThere(join(folder, 'stat'));
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD]);
  const uptimeSeconds = Number.parseFloat(readIfThere(join(procRoot, 'uptime')));
  const ageMs = (uptimeSeconds - ticks / TICKS_A_SECOND) * 1000;
  return Number.isFinite(ageMs) && ageMs >= 0 ? Math.round(nowMs - ageMs) : undefined;
}
