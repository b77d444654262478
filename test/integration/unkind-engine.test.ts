/** On a real engine: ends that were asked for long before, and restarts that it rejects and carries out later all the same. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { type RealDocker, startRealDocker } from '../support/real-docker.js';
import { withRecoveryRig } from '../support/recovery-rig.js';

const LIMIT_MS = 120_000;

describe('an engine at its least kind', { skip: skipWithout('docker', 'python'), concurrency: 2 }, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

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
});
