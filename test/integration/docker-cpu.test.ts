/** CPU time of real containers: a busy one's count rises, a sleeping one's does not, read in both ways. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createDockerSource } from '../../src/sources/docker/docker-source.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { createSourceHarness } from '../support/source-harness.js';
import { waitFor } from '../support/wait-for.js';

const BUSY = 'busy-worker-gpu0-0';
const ASLEEP = 'sleepy-worker-gpu0-1';
const APART = 'apart-worker-gpu0-2';
const ROOT = '/sys/fs/cgroup';
/** Version 2 alone, or beside version 1; undefined on a kernel that was started without it. */
const V2_ROOT = [ROOT, join(ROOT, 'unified')].find((root) => existsSync(join(root, 'cgroup.controllers')));
const PARENT = 'stagewatch_test';
const LOOP = ['sh', '-c', 'while true; do :; done'];

describe('CPU time of containers of a real engine', { skip: skipWithout('docker') }, () => {
  let engine: RealDocker;

  before(async () => {
    engine = await startRealDocker();
    await run(BUSY, [], LOOP);
    await run(ASLEEP, [], ['sleep', '1000']);
    const isSystemd = (await engine.docker('info', '--format', '{{.CgroupDriver}}')) === 'systemd';
    await run(APART, ['--cgroup-parent', isSystemd ? `${PARENT}.slice` : `/${PARENT}`], LOOP);
  });

  after(async () => {
    await engine?.dispose();
    // What the engine made for its container it leaves behind.
    for (const tree of ['', ...readdirSync(ROOT)]) {
      const folder = join(ROOT, tree, PARENT);
      if (existsSync(folder)) rmdirSync(folder);
    }
  });

  const run = (name: string, options: readonly string[], command: readonly string[]) =>
    engine.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--cpus',
      '0.2',
      '--name',
      name,
      ...options,
      IMAGE,
      ...command,
    );

  async function follow(cgroupRoot: string | null): Promise<void> {
    const { context, fleet, logLines } = createSourceHarness();
    const source = createDockerSource(
      {
        address: { target: engine.host, socketPath: engine.socketPath, protocol: 'http', tls: {} },
        config: {
          request_timeout: 10_000,
          relist_interval: 60_000,
          inspect_concurrency: 4,
          cpu_interval: 1000,
          cgroup_root: cgroupRoot,
        },
      },
      {
        ...context,
        suspects: () => [...fleet.containers.values()].map(({ id }) => ({ id, isQuiet: false })),
      },
    );
    source.start();
    try {
      const recent = (name: string) => fleet.cpu.get(name)?.recentSeconds;
      await waitFor('the busy ones to have used CPU time', () =>
        [BUSY, APART].every((name) => (recent(name) ?? 0) > 0.3),
      );
      assert.ok((recent(ASLEEP) ?? 1) < 0.01, `the sleeping one used ${recent(ASLEEP)} s`);
      assert.equal(fleet.cpu.get(ASLEEP)?.lastBusyAtMs, undefined);
      assert.notEqual(fleet.cpu.get(BUSY)?.lastBusyAtMs, undefined);
      assert.doesNotMatch(logLines.join(''), /"level":"(warn|error)"/);
    } finally {
      await source.stop();
    }
  }

  it('is read from control groups, the default parent or another', () => follow(ROOT));

  it('is read from version 2 of control groups', { skip: !V2_ROOT && 'no version 2 here' }, () =>
    follow(V2_ROOT ?? ROOT),
  );

  it('is told by the engine of suspects', () => follow(null));
});
