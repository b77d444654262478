import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { type CgroupHints, parseCgroupHints } from '../../../src/sources/docker/cgroup-layout.js';
import { type CgroupReader, createCgroupReader } from '../../../src/sources/docker/cgroup-reader.js';
import { tempDir } from '../../support/temp-dir.js';

const ID = '3f4a90d1c2b5e6f7'.repeat(4);
const OTHER = '0123456789abcdef'.repeat(4);
const V1 = '1500000000\n';
const V2 = 'usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n';

describe('the control group of a container', () => {
  let root: string;
  let procRoot: string;
  let reader: CgroupReader;

  beforeEach(async (test) => {
    const folder = await tempDir(test as never);
    root = join(folder, 'cgroup');
    procRoot = join(folder, 'proc');
    reader = createCgroupReader({ root, procRoot });
  });

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  function read(id = ID, cgroup: CgroupHints = {}, nowMs = 0): number | undefined {
    return reader.read([{ id, cgroup }], nowMs).readings[0]?.usedSeconds;
  }

  const layouts: readonly [string, string, string, CgroupHints?][] = [
    ['version 1, cgroupfs', `cpuacct/docker/${ID}/cpuacct.usage`, V1],
    ['version 1, controllers joined', `cpu,cpuacct/docker/${ID}/cpuacct.usage`, V1],
    ['version 1, systemd', `cpuacct/system.slice/docker-${ID}.scope/cpuacct.usage`, V1],
    ['version 2, cgroupfs', `docker/${ID}/cpu.stat`, V2],
    ['version 2, systemd', `system.slice/docker-${ID}.scope/cpu.stat`, V2],
    ['version 2, Podman', `machine.slice/libpod-${ID}.scope/cpu.stat`, V2],
    ['version 2, Podman, cgroupfs', `libpod_parent/libpod-${ID}/cpu.stat`, V2],
    ['version 1, Podman, cgroupfs', `cpuacct/libpod_parent/libpod-${ID}/cpuacct.usage`, V1],
    ['version 1, Podman, systemd', `cpuacct/machine.slice/libpod-${ID}.scope/cpuacct.usage`, V1],
    [
      'version 2, Podman without root',
      `user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/cpu.stat`,
      V2,
    ],
    [
      'a pod of Podman, systemd',
      `machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${ID}.scope/cpu.stat`,
      V2,
      { parent: `machine-libpod_pod_${OTHER}.slice` },
    ],
    [
      'a pod of Podman, cgroupfs',
      `cpuacct/libpod_parent/${OTHER}/libpod-${ID}/cpuacct.usage`,
      V1,
      { parent: `/libpod_parent/${OTHER}` },
    ],
    [
      'a quadlet of Podman',
      `system.slice/worker@1.service/libpod-payload-${ID}/cpu.stat`,
      V2,
      { unit: 'worker@1.service' },
    ],
    [
      'a parent with the cgroupfs driver',
      `cpuacct/jobs/gpu/${ID}/cpuacct.usage`,
      V1,
      { parent: '/jobs/gpu' },
    ],
    [
      'a parent slice, which systemd nests by its name',
      `jobs.slice/jobs-gpu.slice/docker-${ID}.scope/cpu.stat`,
      V2,
      { parent: 'jobs-gpu.slice' },
    ],
  ];
  for (const [what, path, text, hints] of layouts) {
    it(`is found: ${what}`, async () => {
      await write(join(root, path), text);
      assert.equal(read(ID, hints), 1.5);
      await write(join(root, path), text.replace('1500000', '4500000'));
      assert.equal(read(ID, hints), 4.5, 'and read again');
    });
  }

  const told: readonly [string, string, string, string][] = [
    [
      'a parent set for the whole engine',
      `5:memory:/all/${ID}\n4:cpu,cpuacct:/all/${ID}\n1:name=systemd:/all/${ID}\n0::/\n`,
      `cpu,cpuacct/all/${ID}/cpuacct.usage`,
      V1,
    ],
    [
      'an engine that a user runs',
      `0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker-${ID}.scope\n`,
      `user.slice/user-1000.slice/user@1000.service/app.slice/docker-${ID}.scope/cpu.stat`,
      V2,
    ],
    [
      'a group of its own made inside',
      `0::/custom.slice/libpod-${ID}.scope/container\n`,
      `custom.slice/libpod-${ID}.scope/cpu.stat`,
      V2,
    ],
  ];
  for (const [what, cgroupOfProcess, path, text] of told) {
    it(`is found by what the kernel says of its process: ${what}`, async () => {
      await write(join(root, path), text);
      assert.equal(read(ID, {}, 0), undefined, 'the process is not known');
      await write(join(procRoot, '77', 'cgroup'), cgroupOfProcess);
      assert.equal(read(ID, { pid: 77 }, 60_000), 1.5);
      await write(join(root, path.replace(ID, OTHER)), text);
      assert.equal(read(OTHER), 1.5, 'the next is found by the same place, without its process');
    });
  }

  it('is not taken from a process that is another here', async () => {
    await write(join(procRoot, '77', 'cgroup'), `0::/all/${OTHER}\n`);
    await write(join(root, `all/${OTHER}/cpu.stat`), V2);
    assert.equal(read(ID, { pid: 77 }), undefined);
  });

  it('is not looked for outside the tree', async () => {
    await write(join(root, '..', 'elsewhere', ID, 'cpu.stat'), V2);
    assert.equal(read(ID, { parent: '/../elsewhere' }), undefined);
    await write(join(procRoot, '77', 'cgroup'), `0::/../elsewhere/${ID}\n`);
    assert.equal(read(OTHER, { pid: 77 }), undefined);
  });

  it('that is not found is looked for again after a while', async () => {
    assert.deepEqual(reader.read([{ id: ID, cgroup: {} }], 0), { readings: [] });
    await write(join(root, `docker/${ID}/cpu.stat`), V2);
    assert.equal(read(ID, {}, 29_999), undefined);
    assert.equal(read(ID, {}, 30_000), 1.5);
  });

  it('that vanishes is looked for at once, for the container may be starting again', async () => {
    const path = join(root, `docker/${ID}/cpu.stat`);
    await write(path, V2);
    assert.equal(read(), 1.5);
    await rm(path);
    assert.equal(read(), undefined);
    await write(path, V2);
    assert.equal(read(), 1.5);
  });

  it('holds something strange: that is told with its path, and the others are read', async () => {
    await write(join(root, `docker/${ID}/cpu.stat`), 'nonsense\n');
    await write(join(root, `docker/${OTHER}/cpu.stat`), V2);
    const { readings, problem } = reader.read(
      [ID, OTHER].map((id) => ({ id, cgroup: {} })),
      0,
    );
    assert.deepEqual(readings, [{ id: OTHER, usedSeconds: 1.5 }]);
    assert.match(String(problem), new RegExp(`docker/${ID}/cpu.stat does not hold CPU time`));
  });

  it('is found although many others are in vain looked for before it', async () => {
    await write(join(root, `docker/${ID}/cpu.stat`), V2);
    const containers = [...Array.from({ length: 100 }, (_, index) => `gone${index}`), ID].map((id) => ({
      id,
      cgroup: {},
    }));
    const looks = Array.from(
      { length: 4 },
      (_, look) => reader.read(containers, look * 1000).readings.length,
    );
    assert.deepEqual(looks, [0, 0, 0, 1], '32 searches in vain at each look, each of another container');
  });

  it('is forgotten when its container runs no more', async () => {
    assert.equal(read(), undefined);
    await write(join(root, `docker/${ID}/cpu.stat`), V2);
    reader.keepOnly(new Set([OTHER]));
    assert.equal(read(), 1.5, 'and so is that it was not found');
  });
});

describe('what an inspect tells of a control group', () => {
  const tables: readonly [unknown, CgroupHints][] = [
    [
      { HostConfig: { CgroupParent: '/jobs' }, State: { Pid: 77 } },
      { parent: '/jobs', pid: 77 },
    ],
    [{ HostConfig: { CgroupParent: '' }, State: { Pid: 0 } }, {}],
    [{}, {}],
  ];
  for (const [answer, hints] of tables) {
    it(JSON.stringify(answer), () => assert.deepEqual(parseCgroupHints(answer), hints));
  }
});
