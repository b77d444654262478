/** Says in words that the disk of the sentinels is full, where it is: then no sentinel can be written. */

import type { SentinelDisk } from '../fleet/sentinel-model.js';

const MIB = 1024 ** 2;
/** With less than this no artifact of a document fits any more. */
const FULL_BYTES = 16 * MIB;
const FULL_SHARE = 0.01;

/** Undefined: there is room, or nobody knows. */
export function describeFullDisk(disk: SentinelDisk | undefined): string | undefined {
  if (!disk) return undefined;
  const { freeBytes, totalBytes, freeFiles } = disk;
  if (freeFiles === 0) return 'the disk of the sentinels has no room for another file (inodes used up)';
  // A disk that is small altogether is full when next to nothing of it is left.
  if (freeBytes >= Math.min(FULL_BYTES, totalBytes * FULL_SHARE)) return undefined;
  return `the disk of the sentinels is full: ${sayBytes(freeBytes)} of ${sayBytes(totalBytes)} free`;
}

function sayBytes(bytes: number): string {
  const mib = bytes / MIB;
  return mib < 1024 ? `${mib.toFixed(mib < 10 ? 1 : 0)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
