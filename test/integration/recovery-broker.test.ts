/** On a real engine with a real broker: while the broker is stopped nobody is restarted, and afterwards the hung worker is. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { withRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 120_000;

describe('recovery beside a broker that is stopped', {
  skip: skipWithout('docker', 'rabbitmq', 'python'),
}, () => {
  let engine: RealDocker;
  let broker: RealRabbitmq;
  before(async () => {
    [engine, broker] = await Promise.all([startRealDocker(), startRabbitmq()]);
  });
  after(async () => {
    await broker?.dispose();
    await engine?.dispose();
  });

  it('restarts nobody meanwhile and says why, and restarts the hung worker when the broker is back', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-110';
      await rig.start(worker);
      const before = await rig.startedAt(worker);
      const { amqpUrl, metricsUrl } = broker;
      await rig.serve({
        rabbitmq: { amqp_url: amqpUrl, metrics_url: metricsUrl, interval: '1s' },
        // The common cause that is told after this time would stay for a minute after the broker is back.
        detection: { source_down_after: '5m' },
      });
      const isBrokerUp = async (): Promise<boolean> =>
        (await rig.daemon().metrics()).value('stagewatch_source_up', { source: 'rabbitmq' }) === 1;
      await waitFor('the broker to be read', isBrokerUp, LIMIT_MS);
      await rig.begin(worker, 'PMC1');

      await broker.stop();
      assert.deepEqual(await rig.journal('finding_opened'), [], 'the broker was gone before any verdict');
      await rig.whenFinding('WorkerStuck', LIMIT_MS);
      const refused = await waitFor(
        'a refusal',
        async () => (await rig.journal('restart_refused'))[0],
        LIMIT_MS,
      );
      assert.equal(refused['container'], worker);
      assert.equal(refused['reason'], 'source_stale');
      assert.match(String(refused['text']), /^rabbitmq is stale \(.+\): nobody is restarted$/);
      assert.equal(await rig.startedAt(worker), before);
      assert.deepEqual(await rig.journal('restart_planned'), []);

      await broker.startAgain();
      await rig.whenStartedAgain(worker, before, LIMIT_MS);
      await rig.begin(worker, 'PMC1');
      const done = await waitFor('its end', async () => (await rig.recovery()).recent[0], LIMIT_MS);
      assert.equal(done.result, 'recovered', done.text);
      assert.equal(await rig.restartEvents(worker), 1);
    }));
});
