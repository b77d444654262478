/** Workers of both kits against a real broker: whatever happens, each document ends once and says how. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { skipWithout } from '../support/machine.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { waitFor } from '../support/wait-for.js';
import { cutConnections, startProxy } from './support/broken-lines.js';
import { KITS, openScene, type Scene } from './support/worker-rig.js';

const run = promisify(execFile);
/** Of the jobs that hold their thread, or sleep, for minutes. */
const LONG_S = 120;
const LONG_HEARTBEAT_S = 5;

describe('workers on a real broker', { skip: skipWithout('rabbitmq', 'pythonKit') }, () => {
  let broker: RealRabbitmq;

  before(async () => {
    broker = await startRabbitmq();
  });
  after(() => broker?.dispose());

  // They wait more than they work: all at once, and this one is over when all of them are.
  describe('whatever the kit', { concurrency: KITS.length + 1 }, () => {
    describe('a job of two minutes', { concurrency: true }, () => {
      for (const kit of KITS) {
        it(`that ${kit.mayHold ? 'holds its thread' : 'sleeps'} keeps heartbeats of 5 s: ${kit.name}`, async (test) => {
          const { publish, start, settled, sentinel } = await openScene(test, broker, kit);
          const worker = start({ heartbeat: LONG_HEARTBEAT_S });
          await publish({ document: 'd1', do: kit.mayHold ? 'hold' : 'sleep', seconds: LONG_S });
          await waitFor('it to end', () => sentinel('d1'), LONG_S * 1500);
          await settled();
          assert.equal(worker.begun('d1'), 1);
          assert.doesNotMatch(worker.log, /no connection/);
        });
      }

      for (const kit of KITS.filter(({ mayHold }) => !mayHold)) {
        it(`that holds the thread of its connection too runs once: ${kit.name}`, async (test) => {
          const { publish, start, settled, sentinel } = await openScene(test, broker, kit);
          const worker = start({ heartbeat: LONG_HEARTBEAT_S });
          await publish({ document: 'd1', do: 'hold', seconds: LONG_S });
          await waitFor('it to end', () => sentinel('d1'), LONG_S * 1500);
          await settled();
          assert.equal(worker.begun('d1'), 1);
          assert.match(worker.log, /no connection/);
        });
      }
    });

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
            [{ queue: undefined }, /no queue: pass queue/],
            [{ sentinel: '/nowhere/{document}.json' }, /mount it, or correct sentinel/],
            [{ progress: '/proc' }, /cannot write progress files to \/proc/],
            [{ retry: true }, /needs max_?[dD]eliveries/],
            [{ max_deliveries: '3' }, /max_?[dD]eliveries must be a whole number/],
            [{ stop_timeout: 'soon' }, /stop_?[tT]imeout\w* must be a number/],
            [{ url: 'http://127.0.0.1/' }, /the broker URL cannot be read: expected amqp:/],
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

        it('a broker that is not there is named, and tried again', async (test) => {
          const { start } = await scene(test);
          const worker = start({ url: 'amqp://guest:secret@127.0.0.1:1/' });
          await waitFor('it to say so', () =>
            /no connection to queue q\d+: 127\.0\.0\.1:1: .*is RabbitMQ running there.*trying again/.test(
              worker.log,
            ),
          );
          assert.equal(worker.process.exitCode, null);
          assert.doesNotMatch(worker.log, /secret/);
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
});

/** Takes all the room there is. */
function fill(path: string): void {
  assert.throws(() => writeFileSync(path, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
}
