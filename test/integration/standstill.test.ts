/** On a real engine and broker: a full disk, a connection that only the broker still has, and a document that kills workers. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { FindingJson } from '../../src/views/picture/api-shapes.js';
import { type Cable, startCable } from '../support/cable.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { connectClient, type PipelineClient, publish } from '../support/rabbitmq-harness.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

interface QueueJson {
  readonly queue: string;
  readonly published: object | null;
}

const run = promisify(execFile);
const HALF_OPEN = 'spine-worker-gpu0-0';
const CRASHING = ['paddle-worker-gpu0-0', 'paddle-worker-gpu0-1', 'paddle-worker-gpu0-2'];
const ORCHESTRATORS = ['orchestrator-1', 'orchestrator-2'];
const DISK_BYTES = 65_536;
const LIMIT_MS = 60_000;
const LONG_MS = 90_000;

describe('what stands still on a real engine and broker', {
  skip: skipWithout('docker', 'rabbitmq', 'cable'),
}, () => {
  let engine: RealDocker;
  let broker: RealRabbitmq;
  let client: PipelineClient;
  let cable: Cable;
  let daemon: Daemon;
  let folder: string;
  let rejected = 0;
  const cleanups: (() => unknown)[] = [];
  const cleanup = { after: (task?: unknown) => void cleanups.push(task as () => unknown) };

  before(async () => {
    folder = await tempDir(cleanup as never);
    const [dockerd, rabbitmq] = await Promise.allSettled([startRealDocker(), startRabbitmq()]);
    if (dockerd.status === 'fulfilled') cleanup.after(() => dockerd.value.dispose());
    if (rabbitmq.status === 'fulfilled') cleanup.after(() => rabbitmq.value.dispose());
    engine = settledValue(dockerd);
    broker = settledValue(rabbitmq);
    // The test consumes for those that share the host's network, of which no connection can be told from its own.
    await Promise.all([
      start(HALF_OPEN, 'none'),
      ...[...CRASHING, ...ORCHESTRATORS].map((name) => start(name, 'host')),
    ]);
    client = await connectClient(cleanup as never, broker.amqpUrl);
    for (const queue of ['g2', 'g3']) await client.channel.assertQueue(queue, { durable: true });
    for (const name of ['progress', 'artifacts']) await mkdir(join(folder, name));
    const artifacts = join(folder, 'artifacts');
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', artifacts]);
    cleanup.after(() => run('umount', ['--lazy', artifacts]));
    for (const _ of CRASHING) await consumeG3();
    cable = await startCable({ pid: await pidOf(HALF_OPEN), amqpUrl: broker.amqpUrl, queue: 'g2' });
    cleanup.after(() => cable.dispose());
    daemon = await startDaemon({ folder, config: configuration() });
    cleanup.after(() => daemon.stop());
    await daemon.whenReady();
    await whenEvaluated('g3');
  });

  after(async () => {
    const failures: unknown[] = [];
    for (const task of cleanups.toReversed()) {
      await Promise.resolve(task()).catch((error: unknown) => failures.push(error));
    }
    assert.deepEqual(failures, []);
  });

  function start(name: string, network: string): Promise<string> {
    return engine.docker('run', '-d', '--network', network, '--name', name, IMAGE, 'sleep', '10000');
  }

  async function pidOf(name: string): Promise<number> {
    return ((await engine.inspect(name)) as { State: { Pid: number } }).State.Pid;
  }

  function configuration(): string {
    return `
docker: { host: "${engine.host}", cpu_interval: 1s }
rabbitmq: { amqp_url: "${broker.amqpUrl}", metrics_url: "${broker.metricsUrl}", management_url: "${broker.managementUrl}", interval: 1s }
progress: { directory: "${join(folder, 'progress')}", interval: 200ms }
sentinels: { root: "${join(folder, 'artifacts')}", interval: 200ms }
detection: { interval: 1s, starved_after: 10s, start_grace: 10s }
stages:
  - { id: G2, queue: g2, workers: "spine-worker-*" }
  - { id: G3, queue: g3, workers: "paddle-worker-*" }
`;
  }

  /** A worker that rejects a message whose sentinel it cannot write, as those do that know no other way. */
  function consumeG3(): Promise<unknown> {
    return client.channel.consume('g3', (message) => {
      if (!message) return;
      const path = join(folder, 'artifacts', message.content.toString(), 'G3');
      mkdir(path, { recursive: true })
        .then(() => writeFile(join(path, 'sentinel.tmp'), '{"ok":true}'))
        .then(() => rename(join(path, 'sentinel.tmp'), join(path, 'sentinel.json')))
        .then(() => client.channel.ack(message))
        .catch(() => {
          rejected++;
          client.channel.nack(message, false, false);
        });
    });
  }

  async function progress(name: string, content: object | undefined): Promise<void> {
    const file = join(folder, 'progress', `${name}.json`);
    if (!content) return rm(file, { force: true });
    await writeFile(`${file}.tmp`, JSON.stringify({ name, ...content, updated_at: Date.now() / 1000 }));
    await rename(`${file}.tmp`, file);
  }

  async function ask<T>(path: string): Promise<T> {
    return ((await (await fetch(`${daemon.url}/api/v1/${path}`)).json()) as { data: T }).data;
  }

  /** The count that the daemon's first look finds says nothing of when. */
  async function whenEvaluated(queue: string): Promise<void> {
    await waitFor(`messages of ${queue} to be counted`, async () => {
      const { queues } = await ask<{ queues: readonly QueueJson[] }>('fleet');
      return queues.some((one) => one.queue === queue && one.published !== null);
    });
    const countedAt = Date.now() / 1000;
    await waitFor('an evaluation after it', async () => {
      const page = await (await fetch(`${daemon.url}/metrics`)).text();
      const evaluatedAt = /^stagewatch_last_evaluation_timestamp_seconds (\S+)$/m.exec(page)?.[1];
      return Number(evaluatedAt ?? 0) > countedAt;
    });
  }

  const findings = (): Promise<readonly FindingJson[]> => ask('findings');

  const ofKind = async (kind: string): Promise<readonly FindingJson[]> =>
    (await findings()).filter((one) => one.kind === kind);

  const whenFound = (kind: string, limitMs: number, seen: () => unknown = findings): Promise<FindingJson> =>
    waitFor(`${kind} to be found`, async () => (await ofKind(kind))[0], limitMs, seen);

  async function whenInHand(name: string, document: string): Promise<void> {
    await waitFor(`${document} to be seen at ${name}`, async () => {
      const { workers } = await ask<{ workers: readonly { container: string; document: string }[] }>('fleet');
      return workers.some((one) => one.container === name && one.document === document);
    });
  }

  async function crash(name: string): Promise<void> {
    process.kill(await pidOf(name), 'SIGKILL');
    await waitFor(`${name} to end`, async () => (await pidOf(name)) === 0);
  }

  it('is a pipeline whose artifacts’ disk is full, within a minute, and the disk is named', async () => {
    const documents = ['PMC0', 'PMC1'];
    for (const [index, name] of ORCHESTRATORS.entries()) {
      const document = documents[index];
      await progress(name, { role: 'orchestrator', state: 'waiting', stage: 'G3', document });
    }
    const filler = join(folder, 'artifacts', 'filler');
    await assert.rejects(writeFile(filler, Buffer.alloc(DISK_BYTES + 1)), { code: 'ENOSPC' });
    for (const document of documents) client.channel.sendToQueue('g3', Buffer.from(document));
    await waitFor('both messages to be rejected', () => rejected === documents.length);
    const found = await whenFound('PipelineStandstill', LIMIT_MS, () => ask('fleet'));
    assert.match(found.evidence?.join('\n') ?? '', /^the disk of the sentinels is full/);
    // Whose consumers and connections are all there is not starved.
    assert.deepEqual(await ofKind('WorkerStarved'), []);
    await rm(filler);
    for (const name of ORCHESTRATORS) await progress(name, undefined);
    await waitFor('it to go on', async () => (await ofKind('PipelineStandstill')).length === 0, LIMIT_MS);
  });

  describe('apart from each other at the same time', { concurrency: 2 }, () => {
    it('is a worker whose connection is half-open, though the broker counts its consumer', async () => {
      await cable.cut();
      publish(client.channel, 'g2', 1);
      const found = await whenFound('WorkerStarved', LONG_MS);
      assert.equal(found.container, HALF_OPEN);
      assert.match(
        found.summary ?? '',
        /without a connection, although the broker still counts its consumer of queue g2$/,
      );
      assert.equal((await client.channel.checkQueue('g2')).consumerCount, 1);
    });

    it('is a stage whose workers a document kills one after the other, and the document leads', async () => {
      for (const name of CRASHING) {
        const startedAt = Date.now() / 1000;
        const job = { role: 'worker', document: 'PMC7', done: 1, total: 40, started_at: startedAt };
        await progress(name, job);
        await whenInHand(name, 'PMC7');
        await crash(name);
      }
      const isWhole = ({ summary }: FindingJson) => summary === 'PMC7 brought down 3 workers';
      await waitFor('all to count', async () => (await ofKind('PoisonDocument')).some(isWhole), LONG_MS);
      const follows = ({ consequenceOf }: FindingJson) => consequenceOf === 'PoisonDocument:PMC7';
      await waitFor(
        'its workers to be down, and the document to be lost once, because of it',
        async () => {
          const [down, lost] = [await ofKind('WorkerDown'), await ofKind('JobOrphaned')];
          return down.length === 3 && lost.length === 1 && [...down, ...lost].every(follows);
        },
        LONG_MS,
        findings,
      );
      assert.deepEqual(await ofKind('CommonCause'), []);
    });
  });
});

function settledValue<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}
