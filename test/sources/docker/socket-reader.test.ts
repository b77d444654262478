import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseRemotePorts } from '../../../src/sources/docker/parse-sockets.js';
import { readSockets } from '../../../src/sources/docker/socket-reader.js';
import { tempDir } from '../../support/temp-dir.js';

const ID = 'f3ba5abc9d0e';
const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
/** To 5672 established, to 8070 in FIN_WAIT1, and a socket that listens. */
const TCP = `${HEAD}
   0: 02001DAC:C350 0300 1DAC:1628 01 00000000:00000000 02:000004E2 00000000     0        0 1 2 0000000000000000
   1: 02001DAC:C350 03001DAC:1628 01 00000000:00000000 02:000004E2 00000000     0        0 41 2 0000000000000000
   2: 02001DAC:C351 04001DAC:1F86 04 00000001:00000000 01:000004E2 00000000     0        0 42 2 0000000000000000
   3: 00000000:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 43 1 0000000000000000
`;
const TCP6 = `${HEAD}
   0: 0000000000000000FFFF000002001DAC:C352 0000000000000000FFFF000003001DAC:1627 01 00000000:00000000 00:00000000 00000000     0        0 44 1 0000000000000000
`;

async function proc(
  test: TestContext,
  { namespace = 'net:[2]', id = ID, tcp6 = TCP6 } = {},
): Promise<string> {
  const root = await tempDir(test);
  for (const process of ['1', 'self', '77']) await mkdir(join(root, process, 'ns'), { recursive: true });
  for (const process of ['1', 'self']) await symlink('net:[1]', join(root, process, 'ns/net'));
  await symlink(namespace, join(root, '77/ns/net'));
  await mkdir(join(root, '77/net'));
  await writeFile(join(root, '77/cgroup'), `0::/docker/${id}\n`);
  await writeFile(join(root, '77/net/tcp'), TCP);
  if (tcp6 !== '') await writeFile(join(root, '77/net/tcp6'), tcp6);
  return root;
}

describe('connections of a container', () => {
  it('are those that are established, by IPv4 and IPv6, whatever else stands in the table', () => {
    assert.deepEqual(parseRemotePorts(TCP), [5672]);
    assert.deepEqual(parseRemotePorts(TCP6), [5671]);
    assert.deepEqual(parseRemotePorts(''), []);
    assert.deepEqual(parseRemotePorts('   0: 02001DAC:C350 03001DAC:16'), [], 'torn');
  });

  it('are read in its network namespace, with and without IPv6', async (t) => {
    assert.deepEqual(readSockets({ id: ID, pid: 77 }, await proc(t)), { id: ID, remotePorts: [5672, 5671] });
    const without = await proc(t, { tcp6: '' });
    assert.deepEqual(readSockets({ id: ID, pid: 77 }, without)?.remotePorts, [5672]);
  });

  it('are not known of a process that is another one, of the host’s network, or gone', async (t) => {
    assert.equal(readSockets({ id: ID, pid: 77 }, await proc(t, { id: 'another' })), undefined);
    assert.equal(readSockets({ id: ID, pid: 77 }, await proc(t, { namespace: 'net:[1]' })), undefined);
    assert.equal(readSockets({ id: ID, pid: 78 }, await proc(t)), undefined);
  });
});
