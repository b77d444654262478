/** A small real pipeline is played, and every number equals what it did; each source goes and comes back in turn. */

import assert from 'node:assert/strict';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { type PipelineWriter, startPipelineWriter } from '../support/pipeline-writer.js';
import { connectClient, type PipelineClient, publish } from '../support/rabbitmq-harness.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { checkMetrics } from '../support/real-prometheus.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const WORKERS = ['paddle-worker-gpu0-0', 'paddle-worker-gpu1-0', 'spine-worker-gpu0-0'];

describe('a small real pipeline', { skip: skipWithout('docker', 'rabbitmq', 'prometheus', 'python') }, () => {
  let engine: RealDocker;
  let broker: RealRabbitmq;
  let client: PipelineClient;
  let gpus: Server;
  let gpuPort = 0;
  let writer: PipelineWriter;
  let daemon: Daemon;
  let folder: string;
  const cleanups: (() => unknown)[] = [];
  const cleanup = { after: (task?: unknown) => void cleanups.push(task as () => unknown) };

  before(async () => {
    folder = await tempDir(cleanup as never);
    [engine, broker] = await Promise.all([startRealDocker(), startRabbitmq()]);
    writer = startPipelineWriter();
    gpus = await serveGpus(0);
    gpuPort = (gpus.address() as AddressInfo).port;
    for (const name of [...WORKERS, 'orchestrator-1']) {
      await engine.docker(
        'run',
        '-d',
        '--network',
        'none',
        '--restart',
        'always',
        '--name',
        name,
        IMAGE,
        'sleep',
        '10000',
      );
    }
    client = await connectClient(cleanup as never, broker.amqpUrl);
    for (const queue of ['g3_02', 'g2_00']) await client.channel.assertQueue(queue, { durable: true });
    for (const name of ['progress', 'artifacts']) await mkdir(join(folder, name));
    daemon = await startDaemon({ folder, config: configuration() });
    await daemon.whenReady();
  });

  after(async () => {
    await daemon?.stop();
    writer?.stop();
    gpus?.closeAllConnections();
    gpus?.close();
    for (const task of cleanups.reverse()) await task();
    await broker?.dispose();
    await engine?.dispose();
  });

  function configuration(): string {
    return `
docker: { host: "${engine.host}" }
rabbitmq: { amqp_url: "${broker.amqpUrl}", metrics_url: "${broker.metricsUrl}", management_url: "${broker.managementUrl}", interval: 1s }
progress: { directory: "${join(folder, 'progress')}", interval: 200ms }
sentinels: { root: "${join(folder, 'artifacts')}", interval: 200ms }
dcgm: { url: "http://127.0.0.1:${gpuPort}", interval: 1s }
stages:
  - { id: G2_00, name: Spine, branch: A, queue: g2_00, workers: "spine-worker-*" }
  - { id: G3_02, name: Witnesses, branch: B, queue: g3_02, workers: "paddle-worker-*" }
`;
  }

  async function serveGpus(port: number): Promise<Server> {
    const sample = await readFile('test/fixtures/dcgm/classic.prom');
    const server = createServer((_request, response) => response.end(sample));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  const progressFile = (name: string): string => join(folder, 'progress', `${name}.json`);
  const sentinel = (document: string, stage: string): string =>
    join(folder, 'artifacts', document, stage, 'sentinel.json');

  /** Waits until the page has the value, and says what it had when it never did. */
  async function whenPageSays(
    expected: number | undefined,
    name: string,
    labels: Record<string, string> = {},
  ) {
    let last: number | undefined;
    await waitFor(`${name} ${JSON.stringify(labels)} to be ${expected}`, async () => {
      last = (await daemon.metrics()).value(name, labels);
      if (last !== expected) throw new Error(`it is ${last}`);
      return true;
    });
  }

  async function fleet(): Promise<Record<string, Record<string, unknown>[]>> {
    const answer = (await (await fetch(`${daemon.url}/api/v1/fleet`)).json()) as { data: never };
    return answer.data;
  }

  /** A job from its message to its sentinel. */
  async function playJob(
    worker: string,
    stage: string,
    document: string,
    how: 'success' | 'failure',
  ): Promise<void> {
    const progress = {
      schema: 1,
      role: 'worker',
      name: worker,
      stage,
      state: 'running',
      document,
      total: 40,
      unit: 'page',
    };
    const startedAt = Date.now() / 1000 - 90;
    const at = (done: number) => ({
      ...progress,
      done,
      started_at: startedAt,
      updated_at: Date.now() / 1000,
    });
    await writer.write(progressFile(worker), at(0));
    await whenPageSays(0, 'pipeline_worker_job_progress_ratio', { container: worker });
    await writer.write(progressFile(worker), at(10));
    await whenPageSays(0.25, 'pipeline_worker_job_progress_ratio', { container: worker });
    const path = sentinel(document, stage);
    if (how === 'success') await writer.write(path, { ok: true });
    else await writer.write(`${path}.failed`, { error: 'CUDA out of memory', worker });
    await writer.remove(progressFile(worker));
    await whenPageSays(undefined, 'pipeline_worker_job_progress_ratio', { container: worker });
  }

  it('has every source up, and containers, queues and GPUs as they are', async () => {
    const page = await daemon.metrics();
    for (const source of ['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm']) {
      assert.equal(page.value('stagewatch_source_up', { source }), 1, source);
    }
    assert.equal(page.value('pipeline_containers', { role: 'worker', state: 'running' }), 3);
    assert.equal(
      page.value('pipeline_stage_info', {
        stage: 'G3_02',
        name: 'Witnesses',
        branch: 'B',
        queue: 'g3_02',
        order: '2',
      }),
      1,
    );
    assert.equal(page.all('pipeline_gpu_info').length, 8);
    assert.equal(
      page.value('pipeline_gpu_container_info', {
        container: 'paddle-worker-gpu1-0',
        gpu: '1',
        stage: 'G3_02',
      }),
      1,
    );
    assert.equal(await checkMetrics(await daemon.metricsText()), '');
  });

  it('counts what waits, what is taken and what is acked', async () => {
    publish(client.channel, 'g3_02', 12);
    await whenPageSays(12, 'pipeline_queue_messages_ready', { queue: 'g3_02', stage: 'G3_02' });
    await whenPageSays(0, 'pipeline_queue_consumers', { queue: 'g3_02' });
    const taken = await client.channel.get('g3_02');
    assert.ok(taken);
    await whenPageSays(11, 'pipeline_queue_messages_ready', { queue: 'g3_02' });
    await whenPageSays(1, 'pipeline_queue_messages_unacked', { queue: 'g3_02' });
    client.channel.ack(taken);
    await whenPageSays(0, 'pipeline_queue_messages_unacked', { queue: 'g3_02' });
    const [worker] =
      (await fleet())['workers']?.filter(({ container }) => container === 'paddle-worker-gpu1-0') ?? [];
    assert.equal(worker?.['queueReady'], 11);
    assert.equal(worker?.['gpu'], '1');
  });

  it('follows jobs from start to sentinel, and counts them once', async () => {
    await playJob('paddle-worker-gpu0-0', 'G3_02', 'PMC1', 'success');
    await playJob('paddle-worker-gpu1-0', 'G3_02', 'PMC2', 'failure');
    await playJob('spine-worker-gpu0-0', 'G2_00', 'PMC1', 'success');
    await whenPageSays(1, 'pipeline_stage_jobs_completed_total', { stage: 'G3_02' });
    await whenPageSays(1, 'pipeline_stage_jobs_completed_total', { stage: 'G2_00' });
    await whenPageSays(1, 'pipeline_stage_jobs_failed_total', { stage: 'G3_02' });
    await whenPageSays(1, 'pipeline_failures_total', { stage: 'G3_02', reason: 'gpu_oom' });
    await whenPageSays(1, 'pipeline_failure_sentinels', { stage: 'G3_02' });
    await whenPageSays(1, 'pipeline_success_sentinels', { stage: 'G3_02' });
    await whenPageSays(1, 'pipeline_stage_job_duration_seconds_count', { stage: 'G2_00' });
    const duration = (await daemon.metrics()).value('pipeline_stage_job_duration_seconds_sum', {
      stage: 'G2_00',
    });
    assert.ok(duration !== undefined && duration >= 90 && duration < 110, `${duration} s`);
    const [failure] = (await fleet())['failures'] ?? [];
    assert.equal(failure?.['document'], 'PMC2');
    assert.equal(failure?.['worker'], 'paddle-worker-gpu1-0');
    assert.equal(failure?.['error'], 'CUDA out of memory');
  });

  it('lowers the gauge when a failure is removed for a retry, and keeps the counter', async () => {
    await writer.remove(`${sentinel('PMC2', 'G3_02')}.failed`);
    await whenPageSays(0, 'pipeline_failure_sentinels', { stage: 'G3_02' });
    await whenPageSays(1, 'pipeline_failures_total', { stage: 'G3_02', reason: 'gpu_oom' });
  });

  it('follows an orchestrator through the DAG', async () => {
    const body = {
      role: 'orchestrator',
      name: 'orchestrator-1',
      state: 'waiting',
      stage: 'G3_02',
      document: 'PMC1',
      completed: ['G2_00'],
    };
    await writer.write(progressFile('orchestrator-1'), body);
    await whenPageSays(1, 'pipeline_orchestrator_stage', { container: 'orchestrator-1', stage: 'G3_02' });
    // The API shows what was judged last, the page what is known now.
    await waitFor('the place to be judged', async () => {
      const [orchestrator] = (await fleet())['orchestrators'] ?? [];
      return isDeepStrictEqual(orchestrator?.['completed'], ['G2_00']);
    });
  });

  const isUp = (source: string, value: number) => whenPageSays(value, 'stagewatch_source_up', { source });

  it('goes on with the rest while the broker is away', async () => {
    await client.model.close();
    await broker.stop();
    await isUp('rabbitmq', 0);
    await playJob('paddle-worker-gpu0-0', 'G3_02', 'PMC3', 'success');
    await whenPageSays(2, 'pipeline_stage_jobs_completed_total', { stage: 'G3_02' });
    await broker.startAgain();
    await isUp('rabbitmq', 1);
    // The messages were not persistent, and ended with the broker.
    await whenPageSays(0, 'pipeline_queue_messages_ready', { queue: 'g3_02' });
    client = await connectClient(cleanup as never, broker.amqpUrl);
    publish(client.channel, 'g3_02', 4);
    await whenPageSays(4, 'pipeline_queue_messages_ready', { queue: 'g3_02' });
  });

  it('goes on with the rest while DCGM is away', async () => {
    gpus.closeAllConnections();
    gpus.close();
    await isUp('dcgm', 0);
    await playJob('spine-worker-gpu0-0', 'G2_00', 'PMC3', 'failure');
    await whenPageSays(1, 'pipeline_stage_jobs_failed_total', { stage: 'G2_00' });
    gpus = await serveGpus(gpuPort);
    await isUp('dcgm', 1);
  });

  it('goes on with the rest while the folder of progress is away', async () => {
    await rename(join(folder, 'progress'), join(folder, 'progress-away'));
    await isUp('progress', 0);
    await writer.write(sentinel('PMC4', 'G2_00'), {});
    await whenPageSays(2, 'pipeline_success_sentinels', { stage: 'G2_00' });
    await engine.docker('pause', 'spine-worker-gpu0-0');
    await whenPageSays(1, 'pipeline_container_state', { container: 'spine-worker-gpu0-0', state: 'paused' });
    await engine.docker('unpause', 'spine-worker-gpu0-0');
    await rename(join(folder, 'progress-away'), join(folder, 'progress'));
    await isUp('progress', 1);
    await whenPageSays(1, 'pipeline_orchestrator_stage', { container: 'orchestrator-1', stage: 'G3_02' });
  });

  it('goes on with the rest while the artifacts are away, and counts nothing twice', async () => {
    await rename(join(folder, 'artifacts'), join(folder, 'artifacts-away'));
    await isUp('sentinels', 0);
    await writer.write(progressFile('paddle-worker-gpu0-0'), {
      name: 'paddle-worker-gpu0-0',
      stage: 'G3_02',
      done: 1,
      total: 2,
    });
    await whenPageSays(0.5, 'pipeline_worker_job_progress_ratio', { container: 'paddle-worker-gpu0-0' });
    await rename(join(folder, 'artifacts-away'), join(folder, 'artifacts'));
    await isUp('sentinels', 1);
    await whenPageSays(2, 'pipeline_success_sentinels', { stage: 'G2_00' });
    await whenPageSays(1, 'pipeline_stage_jobs_failed_total', { stage: 'G2_00' });
    await whenPageSays(1, 'pipeline_stage_jobs_failed_total', { stage: 'G3_02' });
  });

  it('goes on with the rest while the engine is away', async () => {
    await engine.stop();
    await isUp('docker', 0);
    await writer.write(progressFile('paddle-worker-gpu0-0'), {
      name: 'paddle-worker-gpu0-0',
      stage: 'G3_02',
      done: 2,
      total: 2,
    });
    await whenPageSays(1, 'pipeline_worker_job_progress_ratio', { container: 'paddle-worker-gpu0-0' });
    await engine.startAgain();
    await isUp('docker', 1);
    await whenPageSays(3, 'pipeline_containers', { role: 'worker', state: 'running' });
    const { value } = await daemon.metrics();
    for (const source of ['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm'])
      assert.equal(value('stagewatch_source_up', { source }), 1);
  });
});
