/**
 * A pipeline of the kit alone in containers, watched by daemons that know nothing but URLs and folders: each fault of
 * docs/detection.md is found where it is, and nowhere else.
 */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { FINDING_KINDS } from '../../src/detectors/finding.js';
import type { FindingJson } from '../../src/views/picture/api-shapes.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { waitFor } from '../support/wait-for.js';
import { CONSEQUENCES, FAULTS, NOT_SHOWN, type Watcher } from './support/fault-table.js';
import {
  declareQueues,
  HEALTHY,
  LOST,
  startContainers,
  startOrchestrators,
} from './support/faulty-pipeline.js';
import { type GpuExporter, startGpuExporter } from './support/gpu-exporter.js';
import { type KitFleet, startKitFleet } from './support/kit-fleet.js';

const PROGRAMS = 'clients/python/tests';
const LIMIT_MS = 170_000;

interface WorkerJson {
  readonly container: string;
  /** Null until it is judged. */
  readonly status: string | null;
  readonly stage: string | null;
  readonly document: string | null;
}

describe('the kit’s pipeline under faults', { skip: skipWithout('docker', 'rabbitmq', 'pythonKit') }, () => {
  let fleet: KitFleet;
  let client: ChannelModel;
  let channel: Channel;
  let exporter: GpuExporter;
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
    exporter = await startGpuExporter();
    await Promise.all((['usual', 'quick', 'lost'] as const).map(startWatcher));
    await declareQueues(channel);
    await startContainers(fleet);
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
    const gpus = isLost ? 'http://127.0.0.1:1' : exporter.url;
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

  function publish(queue: string, ...documents: readonly string[]): void {
    for (const document of documents) channel.sendToQueue(queue, Buffer.from(JSON.stringify({ document })));
  }

  async function injectFaults(): Promise<void> {
    await startOrchestrators(fleet);
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
    exporter.failGpu();
    // A worker's stage and queue are known from its first job.
    await Promise.all([
      whenEnded('AWAY').then(async () => {
        await fleet.engine.docker('stop', '-t', '5', 'away-worker-1');
        publish('away', 'work-nobody');
      }),
      whenEnded('GONE').then(() => channel.deleteQueue('gone')),
      whenEnded('IDLE')
        .then(() => whenServed('IDLE', 'idle'))
        .then(() => stopProcess('idle-worker-1')),
      whenInHand('STOP', 'work-o1').then(stopProcess),
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
      if (status !== null) statuses.set(container, (statuses.get(container) ?? new Set()).add(status));
    }
  }

  /** One job of it is seen to have ended by the watcher that judges it. */
  async function whenEnded(stage: string): Promise<void> {
    await waitFor(`a job of ${stage} to end`, async () => {
      const page = await daemons.get('usual')?.metrics();
      return page?.value('pipeline_stage_jobs_completed_total', { stage }) === 1;
    });
  }

  /** The watcher has judged the stage with its consumer: only a consumer that was there before can be lost. */
  async function whenServed(stage: string, queue: string): Promise<void> {
    const daemon = daemons.get('usual');
    const evaluations = async (): Promise<number> =>
      (await daemon?.metrics())?.value('stagewatch_evaluation_duration_seconds_count') ?? 0;
    let since: number | undefined;
    await waitFor(`${queue} to be judged with its consumer`, async () => {
      const page = await daemon?.metrics();
      const isServed = page?.value('pipeline_queue_consumers', { queue, stage, vhost: '/' }) === 1;
      since = isServed ? (since ?? (await evaluations())) : undefined;
      return since !== undefined && (await evaluations()) >= since + 2;
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
      const wrong = [...had].filter(
        // Until its start is seen, a container that was created is down.
        (status, index) =>
          !['starting', 'idle', 'active'].includes(status) && !(status === 'down' && index === 0),
      );
      assert.deepEqual([name, wrong], [name, []]);
    }
    const spun = [...statuses].find(([name, had]) => name.startsWith('spin-') && had.has('stuck'));
    assert.ok(spun?.[1].has('slow'), JSON.stringify([...(spun?.[1] ?? [])]));
    const { orchestrators } = await ask<{ orchestrators: readonly WorkerJson[] }>('quick', 'fleet');
    const two = orchestrators.find(({ container }) => container === 'orchestrator-2');
    assert.deepEqual([two?.status, two?.document], ['waiting', 'work-o2']);
  });
});
