/**
 * Finds files of users who do not usually write to a folder. Progress files decide restarts: one that another user put
 * there may be a mistake, or an attempt to have a worker restarted.
 */

import { usualAmong } from '../usual-owners.js';

export interface UsualWriters {
  /** The files, with the ids of their owners, that were not there before and are of no usual writer. */
  look(owners: ReadonlyMap<string, number>, folderOwner: number): readonly ForeignFile[];
}

export interface ForeignFile {
  readonly name: string;
  readonly uid: number;
}

/** Those who own what the first look finds are usual, and the owner of the folder. */
export function createUsualWriters(): UsualWriters {
  let usual: ReadonlySet<number> | undefined;
  let reported = new Map<string, number>();
  return {
    look(owners, folderOwner) {
      if (owners.size > 0) usual ??= usualAmong(countOwners(owners.values()));
      const foreign = [...owners].filter(([, uid]) => uid !== folderOwner && !usual?.has(uid));
      const fresh = foreign.filter(([name, uid]) => reported.get(name) !== uid);
      reported = new Map(foreign);
      return fresh.map(([name, uid]) => ({ name, uid }));
    },
  };
}

function countOwners(uids: Iterable<number>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const uid of uids) counts.set(uid, (counts.get(uid) ?? 0) + 1);
  return counts;
}
