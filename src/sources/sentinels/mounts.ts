/** Decides from /proc/self/mountinfo whether a file system tells this kernel of every change, so that watches can be trusted. */

import type { ObserverIo } from './observer-io.js';

export interface Mount {
  readonly mountPoint: string;
  readonly type: string;
}

/**
 * File systems whose changes are all made by this kernel. Anything else (nfs, cifs, 9p, fuse, clusters) can change
 * behind its back, and an unknown one may: there, folders are swept instead.
 */
const LOCAL_TYPES = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs jfs reiserfs nilfs2 tmpfs ramfs overlay aufs vfat exfat ntfs3 fuseblk erofs squashfs'.split(
    ' ',
  ),
);

export function isWatchTrusted(type: string): boolean {
  return LOCAL_TYPES.has(type);
}

/** Without the kernel's list no file system is known to be local, so all folders are swept. */
export function readMounts(io: Pick<ObserverIo, 'readProc'>): readonly Mount[] {
  try {
    return parseMountInfo(io.readProc('/proc/self/mountinfo'));
  } catch {
    return [];
  }
}

/** See proc_pid_mountinfo(5): the fields after ` - ` are type, source and options. Broken lines are skipped. */
export function parseMountInfo(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const mountPoint = left.split(' ')[4];
    const [type] = right.split(' ');
    if (mountPoint?.startsWith('/') && type) mounts.push({ mountPoint: unescapeOctal(mountPoint), type });
  }
  return mounts;
}

/** The mount that `path` (absolute, without links) is on: the longest mount point above it, the latest of equals. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const isAbove =
      mount.mountPoint === '/' || path === mount.mountPoint || path.startsWith(`${mount.mountPoint}/`);
    if (isAbove && mount.mountPoint.length >= (best?.mountPoint.length ?? 0)) best = mount;
  }
  return best;
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
