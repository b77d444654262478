import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { parsePortPairs, readOwnedPorts } from '../../../src/sources/docker/port-reader.js';
import { tempDir } from '../../support/temp-dir.js';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1628 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 x 100 0 0 10 0
   1: 0100007F:A1B2 0100007F:1628 01 00000000:00000000 00:00000000 00000000  1000        0 22 1 x 20 4 30 10 -1
   2: 0100007F:A1B3 0100007F:1628 06 00000000:00000000 00:00000000 00000000     0        0 0 1 x 20 4 30 10 -1
`;

it('established connections are known by the inode of their socket', () => {
  assert.deepEqual([...parsePortPairs(TABLE)], [['22', { localPort: 0xa1b2, remotePort: 5672 }]]);
});

it('a container has the connections of its processes, their children too, and those of no other', async (test) => {
  const root = await tempDir(test);
  async function process(
    pid: number,
    cgroup: string,
    inodes: readonly string[],
    children = '',
  ): Promise<void> {
    const folder = join(root, String(pid));
    for (const path of ['net', 'fd', `task/${pid}`]) await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, 'cgroup'), `0::/system.slice/docker-${cgroup}.scope\n`);
    await writeFile(join(folder, 'net/tcp'), TABLE);
    await writeFile(join(folder, `task/${pid}/children`), children);
    for (const [index, inode] of inodes.entries())
      await symlink(`socket:[${inode}]`, join(folder, `fd/${index}`));
  }
  await process(7, 'aaaa', ['99'], '8 ');
  await process(8, 'aaaa', ['22', '98']);
  await process(9, 'bbbb', ['97']);
  await process(10, 'elsewhere', ['22']);
  const containers = [
    { id: 'aaaa', pid: 7 },
    { id: 'bbbb', pid: 9 },
    { id: 'cccc', pid: 10 },
    { id: 'dddd', pid: 11 },
  ];
  assert.deepEqual(readOwnedPorts(containers, root), [
    { id: 'aaaa', pairs: [{ localPort: 0xa1b2, remotePort: 5672 }] },
    { id: 'bbbb', pairs: [] },
  ]);
  assert.deepEqual(readOwnedPorts([], root), []);
});
