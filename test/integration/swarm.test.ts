/** On a real Swarm of one node: a stuck task is stopped, Swarm replaces it, and there are never more workers than wanted. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../support/free-port.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { withRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 120_000;
const SERVICE = 'paddle-worker';
const SLEEP = "trap 'exit 1' TERM; while :; do sleep 1000 & wait $!; done";

describe('a worker that Swarm runs', { skip: skipWithout('docker', 'python') }, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
    const listen = `127.0.0.1:${await freePort()}`;
    await engine.docker('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', listen);
    const labels = ['stagewatch.role=worker', 'stagewatch.stage=G3_02'].flatMap((label) => [
      '--container-label',
      label,
    ]);
    const how = ['--detach', '--quiet', '--no-resolve-image', '--network', 'host', '--replicas', '2'];
    await engine.docker('service', 'create', ...how, ...labels, '--name', SERVICE, IMAGE, 'sh', '-c', SLEEP);
  });
  after(async () => {
    await engine?.docker('service', 'rm', SERVICE).catch(() => undefined);
    await engine?.docker('swarm', 'leave', '--force').catch(() => undefined);
    await engine?.dispose();
  });

  const running = async (): Promise<readonly string[]> =>
    (await engine.docker('ps', '--format', '{{.Names}}')).split('\n').filter((name) => name !== '');

  const inSlot = async (slot: number, other = ''): Promise<string | false> => {
    const name = (await running()).find((one) => one.startsWith(`${SERVICE}.${slot}.`));
    return name !== undefined && name !== other && name;
  };

  it('is stopped when it is stuck, by POST …/stop alone, and counted as recovered when its successor works', () =>
    withRecoveryRig(engine, async (rig) => {
      const stuck = await waitFor('the first task', () => inSlot(1), LIMIT_MS);
      await waitFor('the second task', () => inSlot(2), LIMIT_MS);
      await rig.begin(stuck, 'PMC1');
      const restarter = await rig.startProxy((path, response) => {
        if (/^POST \/containers\/[0-9a-f]+\/stop\?t=0$/.test(path)) return false;
        response.writeHead(403).end();
        return true;
      });
      await rig.serve({ docker: { compose_project: null, restart_host: restarter.host } });
      const next = await waitFor('its successor', () => inSlot(1, stuck), LIMIT_MS);
      await rig.begin(next, 'PMC1');
      const done = await waitFor(
        'the successor to have recovered the slot',
        async () => (await rig.recovery()).recent.find(({ result }) => result === 'recovered'),
        LIMIT_MS,
        () => rig.recovery(),
      );
      assert.match(done.text, /^paddle-worker\.1\.\w+ took up work in its place within /);
      assert.notEqual(next, stuck);
      assert.equal((await running()).length, 2);
      assert.equal(await rig.restartEvents(stuck), 0);
      assert.equal(restarter.requests.length, 1, 'asked once');
    }));
});
