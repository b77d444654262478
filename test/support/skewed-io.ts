/** File-system calls as on a folder that is mounted from a server whose clock is off. */

import type { Stats } from 'node:fs';
import { type ObserverIo, systemIo } from '../../src/sources/sentinels/observer-io.js';

export function skewedIo(aheadMs: number): ObserverIo {
  return {
    ...systemIo,
    stat: (path) => moved(systemIo.stat(path), aheadMs),
    lstat: (path) => moved(systemIo.lstat(path), aheadMs),
    readStart(path) {
      const { text, stats } = systemIo.readStart(path);
      return { text, stats: moved(stats, aheadMs) };
    },
    readProc: () => '36 35 98:0 / / rw,noatime - nfs4 server:/export rw\n',
  };
}

function moved<T extends Stats | undefined>(stats: T, aheadMs: number): T {
  if (!stats) return stats;
  const { mtimeMs, ctimeMs } = stats;
  // The class is kept, for its methods.
  return Object.assign(Object.create(stats) as T & Stats, {
    mtimeMs: mtimeMs + aheadMs,
    ctimeMs: ctimeMs + aheadMs,
  });
}
