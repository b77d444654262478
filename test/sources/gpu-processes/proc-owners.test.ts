import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createProcOwners } from '../../../src/sources/gpu-processes/proc-owners.js';
import { tempDir } from '../../support/temp-dir.js';

const ID = 'a1b2c3d4'.repeat(8);
const OTHER = '0f1e2d3c'.repeat(8);
const NOW = 1_763_900_000_000;
const HOST = 'pid:[4026531836]';
const OWN = 'pid:[4026532999]';

async function procFolder(test: TestContext, { namespace = HOST, own = '0::/init.scope\n' } = {}) {
  const root = await tempDir(test);
  await mkdir(join(root, 'self/ns'), { recursive: true });
  await symlink(namespace, join(root, 'self/ns/pid'));
  await writeFile(join(root, 'self/cgroup'), own);
  await writeFile(join(root, 'uptime'), '10000.00 20000.00\n');
  return {
    root,
    async process(pid: number, cgroup: string, name = 'python3') {
      await mkdir(join(root, String(pid)), { recursive: true });
      await writeFile(join(root, String(pid), 'cgroup'), cgroup);
      await writeFile(join(root, String(pid), 'comm'), `${name}\n`);
      // Started 4,000 s after the boot, with a name of the kind that breaks a plain split.
      const fields = ['S', ...Array.from({ length: 18 }, () => '0'), '400000', '0'];
      await writeFile(join(root, String(pid), 'stat'), `${pid} (odd) name) ${fields.join(' ')}\n`);
    },
  };
}

describe('the container of a process', () => {
  const cases: readonly (readonly [what: string, cgroup: string])[] = [
    ['Docker, version 2, systemd', `0::/system.slice/docker-${ID}.scope\n`],
    ['Docker, version 2, cgroupfs', `0::/docker/${ID}\n`],
    [
      'Docker, version 1, cgroupfs',
      `12:devices:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice/containerd.service\n`,
    ],
    ['Docker, version 1, systemd', `5:memory:/system.slice/docker-${ID}.scope\n`],
    ['Docker in a group of its own', `0::/gpu.slice/${ID}\n`],
    ['seen from a namespace of control groups', `0::/../docker-${ID}.scope\n`],
    ['Podman, as root', `0::/machine.slice/libpod-${ID}.scope/container\n`],
    [
      'Podman, without root',
      `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container\n`,
    ],
    ['Podman, cgroupfs', `4:memory:/libpod_parent/libpod-${ID}\n`],
    ['Podman, run by a unit', `0::/system.slice/ocr.service/libpod-payload-${ID}\n`],
  ];
  for (const [what, cgroup] of cases) {
    it(`is read from its control group: ${what}`, async (test: TestContext) => {
      const proc = await procFolder(test);
      await proc.process(4242, cgroup);
      assert.deepEqual(createProcOwners(proc.root).read([4242], NOW).get(4242), {
        owner: { kind: 'container', ids: [ID] },
        program: 'python3',
        startedAtMs: NOW - 6_000_000,
      });
    });
  }

  it('may be within another: both are named, the outer first', async (test) => {
    const proc = await procFolder(test);
    await proc.process(4242, `0::/docker/${OTHER}/docker/${ID}\n`);
    const facts = createProcOwners(proc.root).read([4242], NOW).get(4242);
    assert.deepEqual(facts?.owner, { kind: 'container', ids: [OTHER, ID] });
  });

  it('is none for a process of the host', async (test) => {
    const proc = await procFolder(test);
    await proc.process(4242, '0::/user.slice/user-1000.slice/session-3.scope\n', 'jupyter');
    const facts = createProcOwners(proc.root).read([4242], NOW).get(4242);
    assert.deepEqual([facts?.owner, facts?.program], [{ kind: 'none' }, 'jupyter']);
  });
});

describe('a process that is not there', () => {
  it('has ended only when it is missing twice: the driver lists what ends just then', async (test) => {
    const proc = await procFolder(test);
    const owners = createProcOwners(proc.root);
    assert.equal(owners.read([4242], NOW).get(4242), undefined);
    assert.deepEqual(owners.read([4242], NOW).get(4242), { owner: { kind: 'ended' } });
    await proc.process(4242, `0::/docker/${ID}\n`);
    assert.equal(owners.read([4242], NOW).get(4242)?.owner.kind, 'container');
    await rm(join(proc.root, '4242'), { recursive: true });
    assert.equal(owners.read([4242], NOW).get(4242), undefined);
  });
});

describe('in a container with process ids of its own', () => {
  it('nothing is said: another process may have the number', async (test) => {
    const proc = await procFolder(test, { namespace: OWN, own: `0::/docker/${OTHER}\n` });
    await proc.process(7, `0::/docker/${OTHER}\n`);
    const owners = createProcOwners(proc.root);
    for (let read = 0; read < 2; read++) assert.equal(owners.read([7, 4242], NOW).size, 0);
    assert.equal(owners.isHostVisible, false);
  });

  it('the host is seen all the same where a process of another container is', async (test) => {
    const proc = await procFolder(test, { namespace: OWN, own: `0::/docker/${OTHER}\n` });
    await proc.process(4242, `0::/docker/${OTHER}/docker/${ID}\n`);
    await proc.process(4300, `0::/docker/${OTHER}\n`);
    const owners = createProcOwners(proc.root);
    const read = owners.read([4242, 4300], NOW);
    assert.deepEqual(read.get(4242)?.owner, { kind: 'container', ids: [ID] });
    assert.deepEqual(read.get(4300)?.owner, { kind: 'none' });
    assert.equal(owners.isHostVisible, true);
  });
});
