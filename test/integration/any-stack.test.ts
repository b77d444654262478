/** On a real engine with a bridge and a real broker: who is who in a pipeline that nobody has prepared. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pathForEngine } from '../servers/suites.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 60_000;
const BRIDGE = '172.30.77.1';
const CLIENT = fileURLToPath(new URL('../../../test/fixtures/pipeline/pika-client.py', import.meta.url));
const TASKS = fileURLToPath(new URL('../../../test/fixtures/pipeline/celery-jobs.py', import.meta.url));
const CELERY_WORKER = ['-m', 'celery', '-A', 'jobs', 'worker', '--concurrency', '1'];
const QUEUES = ['q.ocr', 'q.tables', 'q.slow', 'q.figures', 'q.hang', 'q.near'] as const;

interface FleetJson {
  readonly containers: readonly {
    container: string;
    role: string;
    stage: string | null;
    title: string | null;
    discovered: boolean;
  }[];
  readonly queues: readonly { queue: string; stage: string | null }[];
  readonly workers: readonly {
    container: string;
    status: string | null;
    reason: string | null;
    basis: string | null;
    inHand: number | null;
    jobStartedAt: string | null;
  }[];
  readonly stages: readonly {
    id: string;
    jobs: { completed: number; durations: { count: number } } | null;
  }[];
}

describe('a pipeline that nobody has prepared', {
  skip: skipWithout('docker', 'rabbitmq', 'pythonKit'),
}, () => {
  let engine: RealDocker;
  let broker: RealRabbitmq;
  let daemon: Daemon;
  let folder: string;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    folder = await tempDir({ after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never);
    engine = await startRealDocker({ bridge: `${BRIDGE}/24` });
    broker = await startRabbitmq({ alsoAt: BRIDGE });
    for (const queue of QUEUES) await broker.manage('PUT', `/queues/%2F/${queue}`, { durable: true });
    await engine.docker('tag', IMAGE, 'redis:7');
    await start('shop', 'ocr', ['-e', 'QUEUES=q.ocr']);
    await start('shop', 'ocr', ['-e', 'QUEUES=q.ocr'], 2);
    await start('shop', 'tables', ['-e', 'QUEUES=q.tables q.slow']);
    await start('shop', 'figures', ['-e', 'QUEUES=q.figures']);
    for (const number of [1, 2, 3, 4]) await start('shop', 'hang', ['-e', 'QUEUES=q.hang'], number);
    const near = ['--network', 'host', '-e', 'QUEUES=q.near', '-e', `AMQP_URL=${broker.amqpUrl}`];
    await start('shop', 'near', near);
    await run(named('shop', 'tasks', 1), CELERY_WORKER);
    await start('shop', 'api', ['-e', 'PUBLISH=q.ocr']);
    await engine.docker('run', '-d', ...named('shop', 'cache', 1), 'redis:7', 'sleep', '1000');
    await engine.docker('run', '-d', ...named('blog', 'web', 1), IMAGE, 'sleep', '1000');
    daemon = await startDaemon({ folder, config: configuration() });
    await daemon.whenReady();
  });

  after(async () => {
    await daemon?.stop();
    await broker?.dispose();
    await engine?.dispose();
    for (const task of cleanups.reverse()) await task();
  });

  const configuration = (): string => `
docker: { host: "${engine.host}" }
rabbitmq: { management_url: "${broker.managementUrl}", interval: 1s, stats_interval: 1s }
detection: { interval: 1s, stall_after: 15s }
`;

  const named = (project: string, service: string, number: number): string[] => [
    ...['--name', `${project}-${service}-${number}`, '--label', `com.docker.compose.project=${project}`],
    ...['--label', `com.docker.compose.service=${service}`],
    ...['--label', `com.docker.compose.container-number=${number}`],
  ];

  const run = (options: readonly string[], command: readonly string[]): Promise<string> =>
    engine.docker(
      ...['run', '-d', '-e', `AMQP_URL=amqp://guest:guest@${BRIDGE}:${broker.amqpPort}/`, ...options],
      ...['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${pathForEngine(path)}:${path}:ro`]),
      ...['-v', `${CLIENT}:/client.py:ro`, '-v', `${TASKS}:/tasks/jobs.py:ro`, '-e', 'PYTHONPATH=/tasks'],
      ...[IMAGE, '/usr/bin/python3', ...command],
    );

  const start = (project: string, service: string, more: readonly string[], number = 1): Promise<string> =>
    run([...named(project, service, number), ...more], ['/client.py']);

  async function read(): Promise<FleetJson> {
    return ((await (await fetch(`${daemon.url}/api/v1/fleet`)).json()) as { data: FleetJson }).data;
  }

  const publish = (queue: string, body: string): Promise<unknown> =>
    broker.manage('POST', '/exchanges/%2F/amq.default/publish', {
      ...{ properties: {}, routing_key: queue, payload: body, payload_encoding: 'string' },
    });

  /** `name role stage` of what stays, sorted. */
  const roles = ({ containers }: FleetJson): readonly string[] =>
    containers
      .filter(({ container }) => /^(shop|blog)-/.test(container))
      .map(({ container, role, stage, title }) => [container, role, stage ?? title ?? ''].join(' ').trim())
      .toSorted();

  const RIGHT = [
    'blog-web-1 other',
    'shop-api-1 orchestrator',
    'shop-cache-1 infrastructure Redis',
    'shop-figures-1 worker q.figures',
    ...[1, 2, 3, 4].map((number) => `shop-hang-${number} worker q.hang`),
    'shop-near-1 worker q.near',
    'shop-ocr-1 worker q.ocr',
    'shop-ocr-2 worker q.ocr',
    'shop-tables-1 worker tables',
    'shop-tasks-1 worker celery',
  ];

  it('shows its stages, queues, orchestrators and infrastructure within a minute', async () => {
    const fleet = await waitFor(
      'all roles',
      async () => {
        const now = await read();
        const isAll = JSON.stringify(roles(now)) === JSON.stringify(RIGHT);
        return isAll && now.queues.some(({ stage }) => stage === 'q.ocr') && now;
      },
      LIMIT_MS,
    ).catch(async () => read());
    assert.deepEqual(roles(fleet), RIGHT);
    assert.ok(fleet.containers.every(({ discovered, role }) => discovered === (role !== 'other')));
    assert.equal(fleet.queues.find(({ queue }) => queue === 'q.ocr')?.stage, 'q.ocr');
  });

  it('tells jobs, their number and durations, from the broker, without a progress file', async () => {
    const worker = async () => (await read()).workers.find(({ container }) => container === 'shop-figures-1');
    const stage = async () => (await read()).stages.find(({ id }) => id === 'q.figures')?.jobs;
    await waitFor('it to be idle', async () => (await worker())?.status === 'idle', LIMIT_MS);
    const before = (await stage())?.completed ?? 0;
    await publish('q.figures', '6');
    const busy = await waitFor(
      'it to be at work',
      async () => {
        const now = await worker();
        return now?.status === 'active' && now;
      },
      LIMIT_MS,
    );
    assert.equal(busy.basis, 'broker');
    assert.equal(busy.inHand, 1);
    assert.ok(Math.abs(Date.now() - Date.parse(busy.jobStartedAt ?? '')) < 10_000);
    await waitFor(
      'the job to be counted',
      async () => ((await stage())?.completed ?? 0) === before + 1,
      LIMIT_MS,
    );
    assert.equal((await stage())?.durations.count, 1);
    // The verdict on the worker follows at the next evaluation.
    await waitFor('it to be idle again', async () => (await worker())?.jobStartedAt === null, LIMIT_MS);
    const page = await daemon.metrics();
    const of = { container: 'shop-figures-1', stage: 'q.figures' };
    assert.equal(page.value('pipeline_worker_acks_total', of), before + 1);
    assert.equal(page.value('pipeline_worker_messages_unacked', of), 0);
    const busyOcr = page
      .all('pipeline_worker_messages_unacked')
      .filter(({ labels }) => labels['queue'] === 'q.ocr');
    assert.equal(busyOcr.length, 2);
  });

  it('takes no message that Celery has acked or reserved for work in hand', async () => {
    const worker = async () => (await read()).workers.find(({ container }) => container === 'shop-tasks-1');
    assert.match((await worker())?.reason ?? '', /^no message is reserved for it; its library acks/);
    for (const _ of [1, 2, 3]) await run(['--rm'], ['/tasks/jobs.py', '3']);
    const busy = await waitFor(
      'it to be at work',
      async () => {
        const now = await worker();
        return now?.status === 'active' && now;
      },
      LIMIT_MS,
    );
    assert.equal(busy.basis, 'broker');
    assert.equal(busy.jobStartedAt, null);
  });

  it('finds the stopped, the deadlocked and the dead-reading worker, and none that works', async () => {
    const workers = async (service: string) =>
      (await read()).workers.filter(({ container }) => container.startsWith(`shop-${service}-`));
    for (const body of ['deadlock', 'read', 'spin', '1000']) await publish('q.hang', body);
    await waitFor(
      'four at work',
      async () => (await workers('hang')).every(({ inHand }) => inHand === 1),
      LIMIT_MS,
    );
    const stopped = await longWorker();
    await engine.docker('kill', '--signal', 'STOP', stopped);
    await waitFor(
      'three to be stuck',
      async () => (await workers('hang')).filter(({ status }) => status === 'stuck').length === 3,
      150_000,
    );
    const found = await workers('hang');
    const reasons = found.flatMap(({ container, status, reason }) =>
      status === 'stuck' ? [`${container} ${reason}`] : [],
    );
    assert.ok(
      reasons.some((one) => one.startsWith(stopped) && one.includes('its process is stopped by a signal')),
      reasons.join('; '),
    );
    assert.deepEqual(found.map(({ status, basis }) => `${status} ${basis}`).toSorted(), [
      'active broker',
      'stuck kernel',
      'stuck kernel',
      'stuck kernel',
    ]);
    for (const { container, status } of [...(await workers('ocr')), ...(await workers('tables'))]) {
      assert.ok(status === 'active' || status === 'idle', `${container} ${status}`);
    }
    await engine.docker('kill', '--signal', 'CONT', stopped);
  });

  async function longWorker(): Promise<string> {
    for (const number of [1, 2, 3, 4]) {
      const name = `shop-hang-${number}`;
      if ((await engine.docker('logs', name)).includes('job 1000')) return name;
    }
    throw new Error('no worker has printed the long job');
  }

  it('keeps them while the broker is away, over a restart of the daemon too', async () => {
    await daemon.stop();
    await broker.stop();
    daemon = await startDaemon({ folder, config: configuration() });
    await waitFor('the containers', async () => roles(await read()).length === RIGHT.length, LIMIT_MS);
    assert.deepEqual(roles(await read()), RIGHT);
    await broker.startAgain();
  });
});
