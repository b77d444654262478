/** Workers of both kits against a real broker: whatever happens, each document ends once and says how. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { requireProgram, skipWithout } from '../support/machine.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';
import { KITS, type Kit, openScene, type RunningWorker, type Scene } from './support/worker-rig.js';

const run = promisify(execFile);

describe('workers on a real broker', { skip: skipWithout('rabbitmq', 'pythonKit') }, () => {
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

  // They wait more than they work: all at once, and this one is over when all of them are.
  describe('whatever the kit', { concurrency: KITS.length }, () => {
    for (const kit of KITS) {
      describe(kit.name, { concurrency: 4 }, () => {
        const scene = (test: TestContext): Promise<Scene> => openScene(test, broker, kit);

        it('a job succeeds: progress while it runs, the sentinel, the ack', async (test) => {
          const { progress, publish, queue, start, succeeded, settled } = await scene(test);
          start();
          await publish({ document: 'PMC1', do: 'sleep', seconds: 2.5 });
          const shown = await waitFor('progress that moves', () => {
            const said = JSON.parse(readFileSync(join(progress, 'worker-1.json'), 'utf8'));
            return Number(said.done) > 5 && said;
          });
          const { role, name, stage, state, document, total, unit } = shown;
          assert.equal(shown.queue, queue);
          assert.deepEqual(
            { role, name, stage, state, document, total, unit },
            {
              role: 'worker',
              name: 'worker-1',
              stage: 'G1',
              state: 'running',
              document: 'PMC1',
              total: 100,
              unit: 'page',
            },
          );
          const said = (await succeeded('PMC1')) as Record<string, unknown>;
          assert.deepEqual([said['document'], said['worker'], said['answer']], ['PMC1', 'worker-1', 42]);
          await settled();
          await waitFor('the progress file to go', () => readdirSync(progress).length === 0);
        });

        it('failures end in a failure sentinel and in the dead-letter queue, whatever was thrown', async (test) => {
          const { publish, start, failed, settled, queue } = await scene(test);
          await broker.manage('PUT', `/queues/%2F/${queue}-dead`, { durable: true });
          await broker.manage('PUT', `/policies/%2F/${queue}`, {
            pattern: `^${queue}$`,
            definition: { 'dead-letter-exchange': '', 'dead-letter-routing-key': `${queue}-dead` },
          });
          const worker = start();
          await publish(
            { document: 'd1', do: 'raise', text: 'page 3 is empty' },
            { document: 'd2', do: 'unprintable' },
            { document: '../d3', do: 'raise' },
          );
          assert.match(String((await failed('d1'))['error']), /^(ValueError|TypeError): page 3 is empty$/);
          assert.match(String((await failed('d1'))['traceback']), /scenario.worker|scenario-handler/);
          assert.match(String((await failed('d2'))['error']), /cannot be shown/);
          await settled();
          await waitFor('three dead letters', async () => {
            const dead = (await broker.manage('GET', `/queues/%2F/${queue}-dead`)) as { messages: number };
            return dead.messages === 3;
          });
          assert.equal(worker.events.filter(({ event }) => event === 'begin').length, 2);
        });

        it('a retried job is requeued until it works, and one that kills its worker is given up', async (test) => {
          const { publish, start, failed, succeeded, settled } = await scene(test);
          const options = { retry: true, max_deliveries: 2, retry_delay: 0.05 };
          let worker = start(options);
          await publish({ document: 'd1', do: 'raise-once' });
          await succeeded('d1');
          await waitFor('its second begin to be read', () => worker.begun('d1') === 2);
          await publish({ document: 'd2', do: 'die' });
          for (let death = 0; death < 2; death++) {
            await waitFor(
              'the worker to die',
              () => worker.process.exitCode ?? worker.process.signalCode ?? false,
            );
            worker = start(options);
          }
          assert.match(String((await failed('d2'))['error']), /given up: begun 2 times/);
          assert.equal(worker.begun('d2'), 0);
          await settled();
        });

        it('kill -9 in mid-job: another worker takes it up; a sentinel that is there is not made twice', async (test) => {
          const { publish, start, succeeded, settled } = await scene(test);
          const first = start();
          await publish({ document: 'd1', do: 'sleep', seconds: 2 });
          await waitFor('it to begin', () => first.begun('d1') === 1);
          await first.end('SIGKILL');
          const second = start();
          await succeeded('d1');
          assert.deepEqual([second.begun('d1'), second.events[0]?.redelivered], [1, true]);
          await settled();
        });

        it('SIGTERM: the job in hand is finished, what waits goes back, status 0', async (test) => {
          const { publish, start, sentinel, messages, progress } = await scene(test);
          const worker = start({ prefetch: 5, stop_timeout: 20 });
          await publish({ document: 'd1', do: 'until-stopped' }, { document: 'd2' }, { document: 'd3' });
          await waitFor('it to begin', () => worker.begun('d1') === 1);
          assert.equal(await worker.end(), 0, worker.log);
          assert.ok(sentinel('d1'));
          assert.equal(sentinel('d2'), undefined);
          await waitFor('two to be ready', async () => {
            const { ready, unacked } = await messages();
            return ready === 2 && unacked === 0;
          });
          assert.deepEqual(readdirSync(progress), []);
        });

        it('SIGTERM and a handler that never returns: its message goes back, and what to do is said', async (test) => {
          const { publish, start, failure, messages, progress } = await scene(test);
          const worker = start({ stop_timeout: 0.3 });
          await publish({ document: 'd1', do: 'hang' });
          await waitFor('it to begin', () => worker.begun('d1') === 1);
          assert.equal(await worker.end(), 0, worker.log);
          assert.match(worker.log, /did not return within stop_?[tT]imeout.*raise stop_?[tT]imeout/s);
          await waitFor('it to be ready', async () => (await messages()).ready === 1);
          assert.equal(failure('d1'), undefined);
          assert.deepEqual(readdirSync(progress), []);
        });

        it('acked early and stopped: it fails at once, as no other worker can take it', async (test) => {
          const { publish, start, failure } = await scene(test);
          const worker = start({ late_ack: false, stop_timeout: 0.3 });
          await publish({ document: 'd1', do: 'hang' });
          await waitFor('it to begin', () => worker.begun('d1') === 1);
          await worker.end();
          assert.match(String(failure('d1')?.['error']), /was stopped before the job ended/);
        });

        it('a connection that is cut in mid-job: the redelivery is recognised and settled with the job', async (test) => {
          const { folder, publish, start, succeeded, settled, queue } = await scene(test);
          const worker = start({ name: `cut-${queue}` });
          await publish({ document: 'd1', do: 'until-file', text: join(folder, 'go') });
          await waitFor('it to begin', () => worker.begun('d1') === 1);
          await cutConnections(broker, `cut-${queue}`);
          await waitFor('it to be delivered again', () => /delivered again while it runs/.test(worker.log));
          writeFileSync(join(folder, 'go'), '');
          await succeeded('d1');
          await settled();
          assert.equal(worker.begun('d1'), 1);
        });

        it('a network that stops passing bytes is noticed by heartbeats and left', async (test) => {
          const { publish, start, succeeded, settled } = await scene(test);
          const proxy = await startProxy(test, broker.amqpPort);
          const worker = start({ url: `amqp://guest:guest@127.0.0.1:${proxy.port}/?heartbeat=1` });
          await publish({ document: 'd1', do: 'sleep', seconds: 9 });
          await waitFor('it to begin', () => worker.begun('d1') === 1);
          proxy.hole();
          await waitFor('the connection to be given up', () => /no connection to queue/.test(worker.log));
          await succeeded('d1');
          await settled();
          assert.equal(worker.begun('d1'), 1);
        });

        it('a queue that is deleted and made again is consumed again; while it is missing, that is said', async (test) => {
          const { publish, start, succeeded, queue } = await scene(test);
          const worker = start();
          await waitFor('it to consume', () => /consuming from/.test(worker.log));
          await broker.manage('DELETE', `/queues/%2F/${queue}`);
          await waitFor('it to say so', () => /is not on the broker.*declare it/.test(worker.log));
          await broker.manage('PUT', `/queues/%2F/${queue}`, { durable: true });
          await publish({ document: 'd1' });
          await succeeded('d1');
        });

        it('a full disk: the job is held until its sentinel can be written, and not acked before', async (test) => {
          const { folder, publish, start, settled, messages } = await scene(test);
          const small = join(folder, 'small');
          mkdirSync(small);
          await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
          try {
            mkdirSync(join(small, 'd1'));
            mkdirSync(join(small, 'd2'));
            const worker = start({ sentinel: `${small}/{document}/s.json` });
            await waitFor('it to consume', () => /consuming from/.test(worker.log));
            fill(join(small, 'filler'));
            await publish({ document: 'd1' }, { document: 'd2', do: 'raise' });
            await waitFor('it to say so', () =>
              /cannot write the sentinel of d1.*(No space|ENOSPC)/.test(worker.log),
            );
            await waitFor('both to be there', async () => {
              const { ready, unacked } = await messages();
              return ready + unacked === 2;
            });
            rmSync(join(small, 'filler'));
            await settled();
            assert.deepEqual(
              [readdirSync(join(small, 'd1')), readdirSync(join(small, 'd2'))],
              [['s.json'], ['s.json.failed']],
            );
            assert.equal(worker.begun('d1'), 1);
            await worker.end();
          } finally {
            await run('umount', ['--lazy', small]);
          }
        });

        it('two workers on one document: a success stands, whatever the other one says', async (test) => {
          const { publish, start, succeeded, settled, failure, sentinel } = await scene(test);
          const workers = [start({ name: 'worker-1' }), start({ name: 'worker-2' })];
          await waitFor('both to consume', () => workers.every(({ log }) => /consuming from/.test(log)));
          await publish({ document: 'd1', do: 'sleep', seconds: 0.5 }, { document: 'd1', do: 'raise' });
          await succeeded('d1');
          await settled();
          assert.ok(sentinel('d1'));
          assert.equal(failure('d1'), undefined);
        });

        if (kit.mayHold)
          it('heartbeats go on while a job holds its thread', async (test) => {
            const { publish, start, succeeded, settled } = await scene(test);
            const worker = start({ heartbeat: 1 });
            await publish({ document: 'd1', do: 'hold', seconds: 6 });
            await succeeded('d1');
            await settled();
            assert.doesNotMatch(worker.log, /no connection/);
          });
        else
          it('a job that holds its thread loses the connection, and still runs once', async (test) => {
            const { publish, start, succeeded, settled } = await scene(test);
            const worker = start({ heartbeat: 1 });
            await publish({ document: 'd1', do: 'hold', seconds: 6 });
            await succeeded('d1');
            await settled();
            assert.equal(worker.begun('d1'), 1);
          });

        it('wrong use says what to do and ends with 2', async (test) => {
          const { start } = await scene(test);
          const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
            [{ queue: '' }, /no queue: pass queue/],
            [{ sentinel: '/nowhere/{document}.json' }, /mount it, or correct sentinel/],
            [{ progress: '/proc' }, /cannot write progress files to \/proc/],
            [{ retry: true }, /needs max_?[dD]eliveries/],
            [{ prefetch: 0 }, /prefetch must be 1/],
          ];
          await Promise.all(
            cases.map(async ([options, words]) => {
              const worker = start(options);
              assert.equal(await worker.ended, 2);
              assert.match(worker.log, words);
              assert.doesNotMatch(worker.log, /Traceback|guest:guest/);
            }),
          );
        });

        it('a refused password is said without the URL, and tried again', async (test) => {
          const { start } = await scene(test);
          const worker = start({ url: broker.amqpUrl.replace('guest:guest', 'guest:wrong-one') });
          await waitFor('it to say so', () => /refuses user or password.*correct the URL/.test(worker.log));
          assert.equal(worker.process.exitCode, null);
          assert.doesNotMatch(worker.log, /wrong-one/);
        });
      });
    }
  });

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

/** The management API shows a connection some seconds after it was opened: asked again until there is one to cut. */
async function cutConnections(broker: RealRabbitmq, name: string): Promise<void> {
  await waitFor(`a connection of ${name} to cut`, async () => {
    const all = (await broker.manage('GET', '/connections')) as {
      name: string;
      client_properties: { connection_name?: string };
    }[];
    const own = all.filter((one) => one.client_properties.connection_name === name);
    const cut = await Promise.all(
      own.map((one) =>
        broker.manage('DELETE', `/connections/${encodeURIComponent(one.name)}`).then(
          () => true,
          // Shown still, and gone already.
          () => false,
        ),
      ),
    );
    return cut.includes(true);
  });
}

/** Takes all the room there is. */
function fill(path: string): void {
  assert.throws(() => writeFileSync(path, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
}

interface Proxy {
  readonly port: number;
  /** From now on the connections there are pass nothing, and stay open; new ones work. */
  hole(): void;
  /** Ends the connections there are; new ones work. */
  cut(): void;
}

async function startProxy(test: TestContext, target: number): Promise<Proxy> {
  const pairs: (readonly [Socket, Socket])[] = [];
  const server: Server = createServer((client) => {
    const upstream = connectTcp(target, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    pairs.push([client, upstream]);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  test.after(() => {
    for (const socket of pairs.flat()) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      for (const socket of pairs.splice(0).flat()) socket.destroy();
    },
    hole() {
      for (const [client, upstream] of pairs.splice(0)) {
        client.unpipe(upstream);
        upstream.unpipe(client);
        client.pause();
        upstream.pause();
        test.after(() => [client, upstream].map((socket) => socket.destroy()));
      }
    },
  };
}
