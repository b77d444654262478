/** On a real engine: ends that were asked for long before, and restarts that it rejects and carries out later all the same. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type FrozenDisk, startFrozenDisk } from '../support/frozen-disk.js';
import { skipWithout } from '../support/machine.js';
import { type RealDocker, startRealDocker } from '../support/real-docker.js';
import { withRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 120_000;

describe('an engine at its least kind', { skip: skipWithout('docker', 'python'), concurrency: 2 }, () => {
  const withoutFreeze = skipWithout('fsfreeze');
  let disk: FrozenDisk | undefined;
  let engine: RealDocker;
  before(async () => {
    // Mounted first: an engine of another suite sees only mounts that are older than itself.
    if (withoutFreeze === false) disk = await startFrozenDisk();
    engine = await startRealDocker();
  });
  after(async () => {
    await disk?.dispose();
    await engine?.dispose();
  });

  async function kill(name: string): Promise<void> {
    const { State } = (await engine.inspect(name)) as { State: { Pid: number } };
    process.kill(State.Pid, 'SIGKILL');
  }

  it('a worker that ignored SIGTERM and is killed by its host later is down, and was not asked to be', () =>
    withRecoveryRig(engine, async (rig) => {
      const name = 'paddle-worker-gpu0-0';
      await rig.start(name, { ignoresTerm: true });
      await rig.serve({ detection: { down_after: '5s' }, recovery: { enabled: false } });
      await rig.docker('kill', '-s', 'TERM', name);
      await kill(name);
      const { summary } = await rig.whenFinding('WorkerDown', LIMIT_MS);
      assert.match(summary, /it was ended by signal 9$/);
    }));

  it('a worker that is stopped is down as it was wanted', () =>
    withRecoveryRig(engine, async (rig) => {
      const [stopped, killed] = ['paddle-worker-gpu0-1', 'paddle-worker-gpu0-2'];
      await rig.start(stopped, { ignoresTerm: true });
      await rig.start(killed);
      await rig.serve({ detection: { down_after: '5s' }, recovery: { enabled: false } });
      await rig.docker('stop', '-t', '3', stopped);
      await kill(killed);
      await rig.whenFinding('WorkerDown', LIMIT_MS);
      const down = (await rig.findings()).filter(({ kind }) => kind === 'WorkerDown');
      assert.deepEqual(
        down.map(({ container }) => container),
        [killed],
      );
    }));

  it(
    'a worker whose disk stalls is asked once to restart, and started again when it ends at last',
    { skip: withoutFreeze },
    () =>
      withRecoveryRig(engine, async (rig) => {
        const name = 'paddle-worker-gpu0-3';
        assert.ok(disk);
        try {
          await rig.start(name, { writesTo: disk.folder });
          await rig.begin(name, 'PMC1');
          const before = await rig.startedAt(name);
          const recovery = { stop_timeout: '1s' };
          await rig.serve({ detection: { down_after: '5s' }, recovery });
          await disk.freeze();
          const plan = await waitFor(
            'the restart to be rejected and its process to live on',
            async () => (await rig.recovery()).workers.find(({ reason }) => reason === 'cannot_end'),
            LIMIT_MS,
          );
          assert.match(plan.text, /SIGKILL was sent to it/);
          const stuck = (await rig.findings()).find(({ kind }) => kind === 'WorkerStuck');
          assert.match(
            stuck?.evidence.join('\n') ?? '',
            /^process \d+ \(.+\) waits for a disk or network file system and cannot be interrupted \(state D\)/m,
          );
          const [failed] = (await rig.recovery()).recent;
          assert.equal(failed?.result, 'failed');
          assert.match(failed?.text ?? '', /HTTP 500: .*did not receive an exit event; it was not restarted/);
          // The next run of the daemon has to know of it too.
          await rig.killDaemon();
          await rig.serve({ detection: { down_after: '5s' }, recovery });
          await disk.thaw();
          await rig.whenStartedAgain(name, before, LIMIT_MS);
          await rig.begin(name, 'PMC2');
          await waitFor(
            'the worker to have recovered',
            async () => (await rig.recovery()).recent.some(({ result }) => result === 'recovered'),
            LIMIT_MS,
          );
          assert.equal((await rig.journal('restart_took_effect')).length, 1);
          assert.equal(
            (await rig.journal('restart_started')).length,
            2,
            'one that was rejected, one that started it',
          );
        } finally {
          await disk.thaw();
        }
      }),
  );
});
