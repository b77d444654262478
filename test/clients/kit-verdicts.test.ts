/**
 * A pipeline of the kit alone in containers, watched by daemons that know nothing but URLs and folders: each fault of
 * docs/detection.md is found where it is, and nowhere else.
 */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { FINDING_KINDS } from '../../src/detectors/finding.js';
import type { FindingJson } from '../../src/views/picture/api-shapes.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE } from '../support/real-docker.js';
import { waitFor } from '../support/wait-for.js';
import { CONSEQUENCES, FAULTS, NOT_SHOWN, type Watcher } from './support/fault-table.js';
import { type KitFleet, startKitFleet } from './support/kit-fleet.js';

const PROGRAMS = 'clients/python/tests';
const LIMIT_MS = 170_000;
const LOST = 'lost';
/** More of them than of all others: faults in many places are no fault of the host. */
const HEALTHY = 12;
const STARTED_AT_ONCE = 4;

interface WorkerJson {
  readonly container: string;
  readonly status: string;
  readonly stage: string | null;
  readonly document: string | null;
}

describe('the kit’s pipeline under faults', { skip: skipWithout('docker', 'rabbitmq', 'pythonKit') }, () => {
  let fleet: KitFleet;
  let client: ChannelModel;
  let channel: Channel;
  let exporter: Server;
  let hasXid = false;
  let feeding: NodeJS.Timeout;
  let looking: NodeJS.Timeout;
  let lookProblem: unknown;
  const daemons = new Map<Watcher, Daemon>();
  /** All that were open at some look, by watcher, then id. */
  const seen = new Map<Watcher, Map<string, FindingJson>>();
  const foundIds = new Set<string>();
  /** Statuses that each worker had at the quick watcher's looks. */
  const statuses = new Map<string, Set<string>>();

  before(async () => {
    fleet = await startKitFleet(PROGRAMS);
    await fleet.makeFolders(LOST);
    await fleet.broker.manage('PUT', `/vhosts/${LOST}`);
    await fleet.broker.manage('PUT', `/permissions/${LOST}/guest`, {
      configure: '.*',
      write: '.*',
      read: '.*',
    });
    await mkdir(join(fleet.folder, 'skew'));
    const skew = 'import time\nreal = time.time\ntime.time = lambda: real() + 3600\n';
    await writeFile(join(fleet.folder, 'skew', 'sitecustomize.py'), skew);
    client = await connect(fleet.broker.amqpUrl);
    channel = await client.createChannel();
    exporter = await startExporter();
    await Promise.all((['usual', 'quick', 'lost'] as const).map(startWatcher));
    await declareQueues();
    await startContainers();
    looking = setInterval(() => {
      look().catch((error: unknown) => {
        lookProblem = error;
      });
    }, 1000);
    await injectFaults();
  });

  after(async () => {
    clearInterval(feeding);
    clearInterval(looking);
    await Promise.all([...daemons.values()].map((daemon) => daemon.stop()));
    await client?.close();
    exporter?.close();
    await fleet?.dispose();
  });

  async function startWatcher(watcher: Watcher): Promise<void> {
    const { engine, broker, folder } = fleet;
    const own = join(folder, `daemon-${watcher}`);
    await mkdir(own);
    const isLost = watcher === 'lost';
    const place = isLost ? join(folder, LOST) : folder;
    const amqpUrl = isLost ? `${broker.amqpUrl}${LOST}` : broker.amqpUrl;
    const gpus = isLost
      ? 'http://127.0.0.1:1'
      : `http://127.0.0.1:${(exporter.address() as AddressInfo).port}`;
    const limits =
      'detection: { stall_after: 15s, livelock_after: 1m, orchestrator_stall_after: 1m, queue_window: 30s, gpu_memory_for: 10s }';
    const config = `
docker: { host: "${engine.host}"${isLost ? `, compose_project: ${LOST}` : ''} }
rabbitmq: { amqp_url: "${amqpUrl}", management_url: "${broker.managementUrl}" }
progress: { directory: "${join(place, 'progress')}" }
sentinels: { root: "${join(place, 'data')}" }
dcgm: { url: "${gpus}" }
${watcher === 'usual' ? 'alerts: { webhook: { url: "http://127.0.0.1:1/" } }' : ''}
${watcher === 'quick' ? limits : ''}
`;
    daemons.set(watcher, await startDaemon({ folder: own, config }));
    seen.set(watcher, new Map());
  }

  async function startExporter(): Promise<Server> {
    const server = createServer((_, response) => {
      const labels = (gpu: number): string => `{gpu="${gpu}",UUID="GPU-${gpu}",modelName="NVIDIA B200"}`;
      const lines = [0, 1].flatMap((gpu) => [
        `DCGM_FI_DEV_GPU_UTIL${labels(gpu)} 50`,
        `DCGM_FI_DEV_FB_USED${labels(gpu)} ${gpu === 1 ? 178_200 : 20_000}`,
        `DCGM_FI_DEV_FB_FREE${labels(gpu)} ${gpu === 1 ? 1800 : 160_000}`,
        `DCGM_FI_DEV_XID_ERRORS${labels(gpu)} ${gpu === 0 && hasXid ? 79 : 0}`,
      ]);
      response.end(`${lines.join('\n')}\n`);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return server;
  }

  async function declareQueues(): Promise<void> {
    for (const queue of ['stop', 'spin', 'hang', 'eat', 'loop', 'poison', 'early', 'away', 'gone', 'full'])
      await channel.assertQueue(queue);
    for (const queue of ['idle', 'clock', 'main', 'bad-dead']) await channel.assertQueue(queue);
    await channel.assertQueue('bad', { deadLetterExchange: '', deadLetterRoutingKey: 'bad-dead' });
    const limited = { 'x-queue-type': 'quorum', 'x-consumer-timeout': 60_000 };
    await channel.assertQueue('long', { arguments: limited });
  }

  function publish(queue: string, ...documents: readonly string[]): void {
    for (const document of documents) channel.sendToQueue(queue, Buffer.from(JSON.stringify({ document })));
  }

  interface Extras {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly options?: Readonly<Record<string, unknown>>;
    readonly subfolder?: string;
  }

  function worker(name: string, { args = [], env = {}, options = {}, subfolder }: Extras = {}) {
    const queue = name.split('-')[0] ?? '';
    return () =>
      fleet.run({
        name,
        program: 'faulty_worker.py',
        args,
        env: {
          STAGEWATCH_STAGE: queue.toUpperCase(),
          WORKER_OPTIONS: JSON.stringify({ queue, ...options }),
          ...env,
        },
        ...(subfolder !== undefined && { subfolder }),
      });
  }

  const box = (name: string, script: string) => () =>
    fleet.engine.docker('run', '-d', '--network=none', `--name=${name}`, IMAGE, 'sh', '-c', script);

  async function startContainers(): Promise<void> {
    const many = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => worker(`${name}-worker-${index + 1}`));
    const sick = ['--health-cmd=exit 1', '--health-interval=1s', '--health-retries=1'];
    const project = (service: string): readonly string[] =>
      ['project=lost', `service=${service}`, 'container-number=1'].map(
        (label) => `--label=com.docker.compose.${label}`,
      );
    const starts: (() => Promise<unknown>)[] = [
      worker('loop-worker-1', { args: ['--restart=always'] }),
      ...many('poison', 2),
      worker('eat-worker-1', { args: ['--memory=100m', '--memory-swap=100m'] }),
      worker('early-worker-1', { options: { late_ack: false } }),
      ...many('hang', 3),
      ...many('stop', 2),
      ...many('spin', 2),
      ...many('bad', 1),
      ...many('away', 1),
      ...many('gone', 1),
      ...many('full', 1),
      ...many('long', 1),
      worker('idle-worker-1', { options: { heartbeat: 2 } }),
      worker('clock-worker-1', {
        args: [`--volume=${join(fleet.folder, 'skew')}:/skew:ro`],
        env: { PYTHONPATH: '/skew:/kit' },
      }),
      worker('main-worker-1', { args: sick }),
      ...many('main', HEALTHY).slice(1),
      box('grobid', 'exit 1'),
      box('backup', 'exit 1'),
      worker('lost-worker-1', {
        args: project('lost-worker'),
        env: {
          SENTINEL: 'elsewhere.json',
          STAGEWATCH_RABBITMQ_AMQP_URL: `${fleet.broker.amqpUrl}${LOST}`,
        },
        options: { declare: {} },
        subfolder: LOST,
      }),
    ];
    const lanes = Array.from({ length: STARTED_AT_ONCE }, async () => {
      for (let start = starts.shift(); start; start = starts.shift()) await start();
    });
    await Promise.all(lanes);
  }

  async function injectFaults(): Promise<void> {
    await startOrchestrators();
    publish('main', ...Array.from({ length: HEALTHY }, (_, index) => `work-${index}`));
    publish('stop', 'work-beside');
    publish('spin', 'spin-1', 'work-beside');
    publish('hang', 'hang-1', 'hang-2', 'hang-3');
    publish('loop', 'die-loop');
    publish('poison', 'die-poison');
    publish('eat', 'eat-1');
    publish('early', 'die-early');
    publish('bad', ...Array.from({ length: 6 }, (_, index) => `bad-${index}`));
    publish('away', 'quick-1');
    publish('gone', 'quick-2');
    publish('idle', 'quick-3');
    publish('full', 'work-first');
    publish('long', 'work-long');
    publish('clock', 'work-clock');
    await writeFile(join(fleet.folder, 'progress', 'torn-worker-1.json'), '{"done": 1');
    feeding = setInterval(() => publish('full', 'work-more'), 500);
    hasXid = true;
    // A worker's stage and queue are known from its first job.
    await Promise.all([
      whenEnded('AWAY').then(async () => {
        await fleet.engine.docker('stop', '-t', '5', 'away-worker-1');
        publish('away', 'work-nobody');
      }),
      whenEnded('GONE').then(() => channel.deleteQueue('gone')),
      whenEnded('IDLE').then(() => stopProcess('idle-worker-1')),
      whenInHand('STOP', 'work-o1').then(stopProcess),
    ]);
  }

  async function startOrchestrators(): Promise<void> {
    const app = `--volume=${join(process.cwd(), 'examples/pipeline')}:/examples:ro`;
    const orchestrator = (name: string, env: Readonly<Record<string, string>>, extras: Extras = {}) =>
      fleet.run({
        name,
        program: '../examples/orchestrator.py',
        env,
        ...extras,
        args: [app, ...(extras.args ?? [])],
      });
    await Promise.all([
      orchestrator('orchestrator-1', { STAGES: 'STOP', DOCUMENTS: 'work-o1' }),
      orchestrator('orchestrator-2', { STAGES: 'MAIN', DOCUMENTS: 'work-o2' }),
      orchestrator(
        'orchestrator-9',
        {
          STAGES: 'LOST',
          DOCUMENTS: 'quick-lost',
          STAGEWATCH_RABBITMQ_AMQP_URL: `${fleet.broker.amqpUrl}${LOST}`,
        },
        {
          args: ['project=lost', 'service=orchestrator', 'container-number=9'].map(
            (label) => `--label=com.docker.compose.${label}`,
          ),
          subfolder: LOST,
        },
      ),
    ]);
  }

  async function ask<T>(watcher: Watcher, path: string): Promise<T> {
    const response = await fetch(`${daemons.get(watcher)?.url}/api/v1/${path}`);
    return ((await response.json()) as { data: T }).data;
  }

  const workers = async (watcher: Watcher): Promise<readonly WorkerJson[]> =>
    (await ask<{ workers: readonly WorkerJson[] }>(watcher, 'fleet')).workers;

  async function look(): Promise<void> {
    for (const watcher of daemons.keys()) {
      for (const finding of await ask<readonly FindingJson[]>(watcher, 'findings'))
        seen.get(watcher)?.set(finding.id, finding);
    }
    for (const { container, status } of await workers('quick')) {
      statuses.set(container, (statuses.get(container) ?? new Set()).add(status));
    }
  }

  /** One job of it is seen to have ended by the watcher that judges it. */
  async function whenEnded(stage: string): Promise<void> {
    await waitFor(`a job of ${stage} to end`, async () => {
      const page = await daemons.get('usual')?.metrics();
      return page?.value('pipeline_stage_jobs_completed_total', { stage }) === 1;
    });
  }

  function whenInHand(stage: string, document: string): Promise<string> {
    return waitFor(`${document} to be in hand`, async () => {
      const all = await workers('quick');
      return all.find((one) => one.stage === stage && one.document === document)?.container;
    });
  }

  /** Asked of the kernel, because a signal through the engine says that a person is at work there. */
  async function stopProcess(name: string): Promise<void> {
    const { State } = (await fleet.engine.inspect(name)) as { State: { Pid: number } };
    process.kill(State.Pid, 'SIGSTOP');
  }

  it('has each kind of finding, or a reason why not', () => {
    const shown = new Set([...FAULTS.map(({ kind }) => kind), ...Object.keys(NOT_SHOWN)]);
    assert.deepEqual([...shown].toSorted(), [...FINDING_KINDS].toSorted());
  });

  describe('finds', { concurrency: true }, () => {
    for (const { kind, watcher, at, words, how } of FAULTS) {
      it(`${kind}: ${how}`, async () => {
        const found = await waitFor(
          `${kind} at ${JSON.stringify(at)}`,
          () =>
            [...(seen.get(watcher)?.values() ?? [])].find(
              (one) =>
                one.kind === kind &&
                Object.entries(at).every(([key, value]) => one[key as keyof FindingJson] === value),
            ),
          LIMIT_MS,
          () => [lookProblem, ...(seen.get(watcher)?.values() ?? [])],
        );
        const text = [found.summary, ...(found.evidence ?? [])].join('\n');
        assert.match(text, words);
        foundIds.add(found.id);
      });
    }
  });

  it('and finds nothing else', () => {
    const others = [...seen.values()].flatMap((findings) =>
      [...findings.values()].filter(
        ({ id }) => !foundIds.has(id) && !CONSEQUENCES.some((pattern) => pattern.test(id)),
      ),
    );
    assert.deepEqual(others, []);
  });

  it('calls who works active, who waits waiting, and a busy worker without a step slow before it is stuck', async () => {
    const healthy = [...statuses].filter(([name]) => /^(main|clock|long|full)-/.test(name));
    assert.equal(healthy.length, HEALTHY + 3);
    for (const [name, had] of healthy) {
      const wrong = [...had].filter((status) => !['starting', 'idle', 'active'].includes(status));
      assert.deepEqual([name, wrong], [name, []]);
    }
    const spun = [...statuses].find(([name, had]) => name.startsWith('spin-') && had.has('stuck'));
    assert.ok(spun?.[1].has('slow'), JSON.stringify([...(spun?.[1] ?? [])]));
    const { orchestrators } = await ask<{ orchestrators: readonly WorkerJson[] }>('quick', 'fleet');
    const two = orchestrators.find(({ container }) => container === 'orchestrator-2');
    assert.deepEqual([two?.status, two?.document], ['waiting', 'work-o2']);
  });
});
