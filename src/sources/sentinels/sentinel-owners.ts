/**
 * Names users who own a sentinel but do not usually write below the root: a mistake, or an attempt to have jobs counted
 * as done or failed that are not.
 */

import type { Logger } from '../../lib/logger.js';
import { usualAmong } from '../usual-owners.js';

export interface SentinelOwners {
  /** A sentinel was found; `uid` owns it. */
  seen(path: string, uid: number): void;
  /** Everything was read once; `rootUid` owns the root. */
  looked(rootUid: number): void;
}

export interface SentinelOwnersOptions {
  readonly log: Pick<Logger, 'warn'>;
  /** The daemon's own user, who writes failure sentinels for jobs whose worker died; absent: there are no users here. */
  readonly ownUid: number | undefined;
}

/** Sentinels that teach who usually writes. */
const LEARN_FROM = 20;
/** Users named or counted; more are no longer told apart. */
const MAX_USERS = 100;
const FOREIGN =
  'a sentinel is owned by a user who does not usually write there; such files may cause restarts';

export function createSentinelOwners({ log, ownUid }: SentinelOwnersOptions): SentinelOwners {
  const filesByUid = new Map<number, number>();
  /** One file of each, for the line that names its owner. */
  const examples = new Map<number, string>();
  const named = new Set<number>();
  let files = 0;
  let usual: ReadonlySet<number> | undefined;
  let owner: number | undefined;

  function learn(path: string, uid: number): void {
    if (filesByUid.size >= MAX_USERS && !filesByUid.has(uid)) return;
    filesByUid.set(uid, (filesByUid.get(uid) ?? 0) + 1);
    if (!examples.has(uid)) examples.set(uid, path);
    files++;
  }

  function judgeLearned(): void {
    if (usual || owner === undefined || files < LEARN_FROM) return;
    usual = usualAmong(filesByUid);
    for (const [uid, path] of examples) judge(path, uid);
    filesByUid.clear();
    examples.clear();
  }

  function judge(path: string, uid: number): void {
    if (uid === owner || uid === ownUid || usual?.has(uid)) return;
    if (named.has(uid) || named.size >= MAX_USERS) return;
    named.add(uid);
    log.warn({ file: path, uid }, FOREIGN);
  }

  return {
    seen(path, uid) {
      if (usual) judge(path, uid);
      else learn(path, uid);
      judgeLearned();
    },
    looked(rootUid) {
      owner = rootUid;
      judgeLearned();
    },
  };
}
