import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWatchTrusted, mountOf, parseMountInfo } from '../../../src/sources/sentinels/mounts.js';

const TEXT = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /data rw,relatime shared:7 master:2 - nfs4 server:/export rw,vers=4.2
41 40 254:1 / /data/fast\\040disk rw - xfs /dev/vdb rw
42 22 0:36 / /data rw - cifs //server/share rw
broken line
43 22 0:37 / /mnt/s3 rw - fuse.s3fs s3fs rw
`;

for (const [path, type] of [
  ['/home/x', 'ext4'],
  ['/data', 'cifs'],
  ['/data/run', 'cifs'],
  ['/database', 'ext4'],
  ['/data/fast disk/run', 'xfs'],
  ['/mnt/s3/x', 'fuse.s3fs'],
] as const) {
  test(`${path} is on ${type}`, () => assert.equal(mountOf(parseMountInfo(TEXT), path)?.type, type));
}

test('only file systems whose changes are all made by this kernel are trusted', () => {
  for (const type of ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'])
    assert.equal(isWatchTrusted(type), true, type);
  for (const type of ['nfs', 'nfs4', 'cifs', '9p', 'fuse.s3fs', 'virtiofs', 'ceph', 'lustre', 'new']) {
    assert.equal(isWatchTrusted(type), false, type);
  }
});
