/** Workers of both kits, and Celery's, through outages of a real broker: each document is done once, and none is lost. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { requireProgram, skipWithout } from '../support/machine.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';
import { startProxy } from './support/broken-lines.js';
import { KITS, type Kit, openScene, type RunningWorker, type Scene } from './support/worker-rig.js';

const run = promisify(execFile);

describe('workers through outages of their broker', { skip: skipWithout('rabbitmq', 'pythonKit') }, () => {
  let broker: RealRabbitmq;

  before(async () => {
    broker = await startRabbitmq();
  });
  after(() => broker?.dispose());

  /** What the broker and its workers are to go through comes first, alone: the broker's setting is for all. */
  it('a job longer than consumer_timeout is delivered again once, runs once, and that is said', async (test) => {
    await broker.control(
      'eval',
      'application:set_env(rabbit, channel_tick_interval, 500), application:set_env(rabbit, consumer_timeout, 2000).',
    );
    const runs = await Promise.all(KITS.map((kit) => startLongJobs(test, kit)));
    // Channels opened from now on have the usual limit: a second redelivery would be a fault of ours.
    await broker.control('eval', 'application:set_env(rabbit, consumer_timeout, 1800000).');
    for (const { late, early, lateWorker, earlyWorker } of runs) {
      await late.succeeded('d1');
      await late.settled();
      assert.equal(lateWorker.begun('d1'), 1, lateWorker.log);
      assert.match(lateWorker.log, /not acked within the broker's consumer_timeout/);
      assert.match(lateWorker.log, /d1 was delivered again while it runs here/);
      await early.succeeded('d1');
      await early.settled();
      assert.equal(earlyWorker.begun('d1'), 1);
      assert.doesNotMatch(earlyWorker.log, /consumer_timeout/);
    }
  });

  interface LongJobs {
    readonly late: Scene;
    readonly early: Scene;
    readonly lateWorker: RunningWorker;
    readonly earlyWorker: RunningWorker;
  }

  async function startLongJobs(test: TestContext, kit: Kit): Promise<LongJobs> {
    const [late, early] = [await openScene(test, broker, kit), await openScene(test, broker, kit)];
    const lateWorker = late.start();
    const earlyWorker = early.start({ late_ack: false });
    for (const scene of [late, early]) await scene.publish({ document: 'd1', do: 'sleep', seconds: 8 });
    await waitFor('both to begin', () => lateWorker.begun('d1') === 1 && earlyWorker.begun('d1') === 1);
    await waitFor('the channel to be closed', () => /consumer_timeout/.test(lateWorker.log));
    return { late, early, lateWorker, earlyWorker };
  }

  describe('beside each other', { concurrency: true }, () => {
    it('1,000 short jobs with a connection cut every 50: each document once, none lost', async (test) => {
      // A process or a thread beside it changes nothing of this.
      const plain = KITS.filter(({ mayHold }) => !mayHold);
      await Promise.all(plain.map((kit) => thousandJobs(test, kit)));
    });

    async function thousandJobs(test: TestContext, kit: Kit): Promise<void> {
      const { publish, start, settled, sentinel, failure } = await openScene(test, broker, kit);
      const proxy = await startProxy(test, broker.amqpPort);
      const documents = Array.from({ length: 1000 }, (_, index) => `d${index}`);
      const worker = start({
        url: `amqp://guest:guest@127.0.0.1:${proxy.port}/`,
        prefetch: 20,
        durable: false,
      });
      await publish(...documents.map((document) => ({ document })));
      const ended = (): number => worker.events.filter(({ event }) => event === 'end').length;
      for (let cuts = 1; cuts < 20; cuts++) {
        await waitFor(`${cuts * 50} ends`, () => ended() >= cuts * 50, 60_000);
        proxy.cut();
      }
      await waitFor('all to end', () => ended() >= 1000, 60_000);
      await settled();
      for (const document of documents) {
        assert.ok(sentinel(document), document);
        assert.equal(failure(document), undefined);
        assert.equal(worker.begun(document), 1, `${document} ran ${worker.begun(document)} times`);
      }
    }

    it('Celery tasks are jobs: progress, success, failure, and a retry that is no failure', async (test) => {
      const folder = await tempDir(test);
      for (const name of ['progress', 'data']) mkdirSync(join(folder, name));
      const python = requireProgram('/usr/bin/python3');
      const options = {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          PYTHONPATH: `${resolve('clients/python')}:${resolve('clients/python/tests')}`,
          PYTHONDONTWRITEBYTECODE: '1',
          AMQP_URL: broker.amqpUrl,
          DATA: join(folder, 'data'),
          STAGEWATCH_PROGRESS_DIR: join(folder, 'progress'),
          STAGEWATCH_NAME: 'worker-1',
        },
      };
      const args = ['-m', 'celery', '-A', 'celery_app', 'worker', '--concurrency', '1'];
      const worker = spawn(python, args, { ...options, stdio: 'ignore' });
      const ended = once(worker, 'exit');
      try {
        const send =
          'import celery_app as a; a.recognise.delay("d1", 2); a.fail.delay("d2"); a.retried.delay("d3")';
        await run(python, ['-c', send], options);
        const read = (path: string): Record<string, unknown> =>
          JSON.parse(readFileSync(join(folder, path), 'utf8')) as Record<string, unknown>;
        const shown = await waitFor('progress', () => read('progress/worker-1.json'));
        assert.deepEqual([shown['document'], shown['stage']], ['d1', 'G1']);
        assert.equal((await waitFor('a success', () => read('data/d1/G1/sentinel.json')))['pages'], 10);
        const failure = await waitFor('a failure', () => read('data/d2/G1/sentinel.json.failed'));
        assert.equal(failure['error'], 'ValueError: page 3 is empty');
        await waitFor('the second attempt', () => read('data/d3/G1/sentinel.json'));
        assert.deepEqual(readdirSync(join(folder, 'data/d3/G1')), ['sentinel.json']);
        await waitFor('the progress file to go', () => readdirSync(join(folder, 'progress')).length === 0);
      } finally {
        worker.kill('SIGTERM');
        await ended;
      }
    });
  });

  it('a broker that is stopped and started in mid-job', async (test) => {
    const runs = await Promise.all(
      KITS.map(async (kit) => {
        const scene = await openScene(test, broker, kit);
        const worker = scene.start();
        await scene.publish(
          { document: 'd1', do: 'until-file', text: join(scene.folder, 'go') },
          { document: 'd2' },
        );
        await waitFor('it to begin', () => worker.begun('d1') === 1);
        return { scene, worker };
      }),
    );
    await broker.stop();
    await broker.startAgain();
    for (const { scene, worker } of runs) {
      await waitFor('it to consume again', () => /consuming again/.test(worker.log));
      writeFileSync(join(scene.folder, 'go'), '');
      await scene.succeeded('d1');
      await scene.succeeded('d2');
      await scene.settled();
      assert.deepEqual([worker.begun('d1'), worker.begun('d2')], [1, 1], worker.log);
    }
  });
});
