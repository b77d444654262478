/**
 * Asks the engine which container a process belongs to, where the processes of its host are not visible: by the process
 * list of each container, a few at a time, and of each only until every process is known.
 */

import type { GpuProcessOwner } from '../../fleet/gpu-process-model.js';
import { asList, asRecord } from '../../lib/shape.js';

export interface TopOwners {
  /** Never rejects; of a process that is missing in the answer it is not known yet. */
  find(pids: readonly number[]): Promise<ReadonlyMap<number, GpuProcessOwner>>;
}

export interface TopOwnersOptions {
  /** Ids of the running containers that may use a GPU. */
  candidates(): readonly string[];
  /** The engine's answer to `top` of one container; undefined: it is gone or has ended. */
  ask(id: string): Promise<unknown>;
}

/** What the engine is asked to pass to `ps` on its host. */
export const TOP_ARGS = '-eo pid,comm';
/** The engine lists all processes of its host for each question. */
const MAX_AT_ONCE = 4;
const MAX_ASKED = 32;

export function createTopOwners({ candidates, ask }: TopOwnersOptions): TopOwners {
  const owners = new Map<number, string>();
  /** Whose each was before that container ended: another one may have its number now, or it has outlived its container. */
  const former = new Map<number, string>();
  /** By process: containers that were asked since it was first listed, and do not have it. */
  const without = new Map<number, Set<string>>();

  async function askOne(id: string): Promise<readonly number[] | undefined> {
    try {
      return parsePids(await ask(id));
    } catch {
      // Asked again at the next read: until then it is not known whose the processes are.
      return undefined;
    }
  }

  function note(id: string, pids: readonly number[], strangers: ReadonlySet<number>): void {
    const own = new Set(pids);
    for (const pid of strangers) {
      if (own.has(pid)) {
        owners.set(pid, id);
        former.delete(pid);
      } else without.get(pid)?.add(id);
    }
  }

  function doubtEnded(running: ReadonlySet<string>): void {
    for (const [pid, id] of owners) {
      if (running.has(id)) continue;
      owners.delete(pid);
      former.set(pid, id);
    }
  }

  /** Gives those that are not known yet. */
  function takeStock(pids: readonly number[]): ReadonlySet<number> {
    const present = new Set(pids);
    for (const known of [owners, former, without]) {
      for (const pid of known.keys()) if (!present.has(pid)) known.delete(pid);
    }
    for (const pid of owners.keys()) without.delete(pid);
    const strangers = new Set(pids.filter((pid) => !owners.has(pid)));
    for (const pid of strangers) if (!without.has(pid)) without.set(pid, new Set());
    return strangers;
  }

  async function askAll(ids: readonly string[], strangers: ReadonlySet<number>): Promise<void> {
    for (let start = 0; start < ids.length; start += MAX_AT_ONCE) {
      const turn = ids.slice(start, start + MAX_AT_ONCE);
      const answers = await Promise.all(turn.map(askOne));
      for (const [index, id] of turn.entries()) {
        const pids = answers[index];
        if (pids) note(id, pids, strangers);
      }
    }
  }

  return {
    async find(pids) {
      const running = candidates();
      doubtEnded(new Set(running));
      const strangers = takeStock(pids);
      const isWanted = (id: string): boolean => [...strangers].some((pid) => !without.get(pid)?.has(id));
      await askAll(running.filter(isWanted).slice(0, MAX_ASKED), strangers);
      const isInNone = (pid: number): boolean =>
        running.length > 0 && running.every((id) => without.get(pid)?.has(id));
      return new Map(
        pids.flatMap((pid): readonly (readonly [number, GpuProcessOwner])[] => {
          const id = owners.get(pid) ?? (isInNone(pid) ? former.get(pid) : undefined);
          if (id !== undefined) return [[pid, { kind: 'container', ids: [id] }]];
          return isInNone(pid) ? [[pid, { kind: 'none' }]] : [];
        }),
      );
    },
  };
}

/** One that has ended since has no process; an answer without the column is none. */
function parsePids(answer: unknown): readonly number[] | undefined {
  if (answer === undefined) return [];
  const { Titles, Processes } = asRecord(answer, 'top');
  const column = asList(Titles, 'Titles').findIndex((title) => title === 'PID' || title === 'HPID');
  if (column < 0) return undefined;
  return asList(Processes ?? [], 'Processes').map((row) => Number(asList(row, 'Processes')[column]));
}
