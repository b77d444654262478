/** On a real engine and broker: who waits is told of a job that is lost for good, and of none that is delivered again. */

import assert from 'node:assert/strict';
import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pathForEngine } from '../servers/suites.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RealRabbitmq, startRabbitmq } from '../support/real-rabbitmq.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 90_000;
/** Workers of the one ack after their work, the broker takes messages of the other for done when it delivers them. */
const LATE = { stage: 'G3_02', queue: 'late', ack: 'late' } as const;
const AUTO = { stage: 'G5_00', queue: 'auto', ack: 'none' } as const;
type Kind = typeof LATE | typeof AUTO;

const WORKER = fileURLToPath(new URL('../../../test/fixtures/pipeline/amqp-worker.mjs', import.meta.url));
const MODULES = join(dirname(fileURLToPath(import.meta.resolve('amqplib'))), '..');

describe('the message of a dead worker', { skip: skipWithout('docker', 'rabbitmq') }, () => {
  let engine: RealDocker;
  let broker: RealRabbitmq;
  let daemon: Daemon;
  let folder: string;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    folder = await tempDir({ after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never);
    for (const path of ['progress', 'artifacts', 'gates']) {
      await mkdir(join(folder, path));
      await chmod(join(folder, path), 0o777);
    }
    [engine, broker] = await Promise.all([startRealDocker(), startRabbitmq()]);
    for (const { queue } of [LATE, AUTO]) {
      await broker.manage('PUT', `/queues/%2F/${queue}`, { durable: true });
    }
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
rabbitmq: { metrics_url: "${broker.metricsUrl}", management_url: "${broker.managementUrl}", interval: 1s, stats_interval: 1s }
progress: { directory: "${join(folder, 'progress')}", interval: 200ms }
sentinels: { root: "${join(folder, 'artifacts')}" }
detection: { interval: 1s }
recovery: { write_failure_sentinels: true }
stages:
  - { id: ${LATE.stage}, queue: ${LATE.queue}, workers: "late-*" }
  - { id: ${AUTO.stage}, queue: ${AUTO.queue}, workers: "auto-*" }
`;

  const start = (name: string, { queue, ack, stage }: Kind): Promise<string> =>
    engine.docker(
      ...['run', '-d', '--network', 'host', '--name', name],
      ...['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${pathForEngine(path)}:${path}:ro`]),
      ...['-v', `${MODULES}:/w/node_modules:ro`, '-v', `${WORKER}:/w/worker.mjs:ro`],
      ...['progress', 'artifacts', 'gates'].flatMap((path) => ['-v', `${join(folder, path)}:/${path}`]),
      ...['-e', `AMQP_URL=${broker.amqpUrl}`, '-e', `QUEUE=${queue}`, '-e', `ACK=${ack}`],
      ...['-e', `NAME=${name}`, '-e', `STAGE=${stage}`, IMAGE, process.execPath, '/w/worker.mjs'],
    );

  const publish = ({ queue }: Kind, document: string): Promise<unknown> =>
    broker.manage('POST', '/exchanges/%2F/amq.default/publish', {
      ...{ properties: {}, routing_key: queue, payload: document, payload_encoding: 'string' },
    });

  async function read<T>(path: string): Promise<T> {
    return ((await (await fetch(`${daemon.url}${path}`)).json()) as { data: T }).data;
  }

  /** The worker has the document in hand, as the daemon sees it, for long enough to be told by the broker too. */
  async function whenAtWork(name: string, document: string): Promise<void> {
    await waitFor(
      `${name} to be at ${document}`,
      async () => {
        const { workers } = await read<{
          workers: readonly { container: string; document: string | null; done: number | null }[];
        }>('/api/v1/fleet');
        const worker = workers.find(({ container }) => container === name);
        return worker?.document === document && (worker.done ?? 0) >= 20;
      },
      LIMIT_MS,
    );
  }

  async function kill(name: string): Promise<void> {
    const { Pid } = ((await engine.inspect(name))['State'] ?? {}) as { Pid: number };
    process.kill(Pid, 'SIGKILL');
  }

  const openGate = (document: string): Promise<void> => writeFile(join(folder, 'gates', document), '');
  const sentinelOf = (document: string, { stage }: Kind): string =>
    join(folder, 'artifacts', document, stage, 'sentinel.json');
  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  async function journalOf(document: string): Promise<readonly string[]> {
    const entries = await read<readonly Record<string, unknown>[]>('/api/v1/journal?type=failure_sentinel');
    return entries
      .filter((entry) => entry['document'] === document)
      .map(({ result, reason }) =>
        reason === undefined ? String(result) : `${String(result)} ${String(reason)}`,
      )
      .toSorted();
  }

  it('that comes again is waited for, and its document succeeds without a failure sentinel', async () => {
    await start('late-worker-1', LATE);
    await publish(LATE, 'PMC-late');
    await whenAtWork('late-worker-1', 'PMC-late');
    await kill('late-worker-1');
    await waitFor('the wait to be said', async () => (await journalOf('PMC-late')).length > 0, LIMIT_MS);
    assert.deepEqual(await journalOf('PMC-late'), ['waits will_be_redelivered']);

    await start('late-worker-2', LATE);
    await whenAtWork('late-worker-2', 'PMC-late');
    await openGate('PMC-late');
    await waitFor('its success', () => exists(sentinelOf('PMC-late', LATE)), LIMIT_MS);
    assert.equal(await exists(`${sentinelOf('PMC-late', LATE)}.failed`), false);
    const series = await daemon.metrics();
    assert.equal(series.value('stagewatch_failure_sentinels_written_total', { stage: LATE.stage }), 0);
    const labels = { stage: LATE.stage, reason: 'will_be_redelivered' };
    assert.equal(series.value('stagewatch_failure_sentinels_not_written_total', labels), 1);
  });

  it('that is gone is told within seconds, and withdrawn when the document succeeds after all', async () => {
    await start('auto-worker-1', AUTO);
    await publish(AUTO, 'PMC-auto');
    await whenAtWork('auto-worker-1', 'PMC-auto');
    const killedAtMs = Date.now();
    await kill('auto-worker-1');
    const failure = `${sentinelOf('PMC-auto', AUTO)}.failed`;
    await waitFor('its failure sentinel', () => exists(failure), LIMIT_MS);
    const { failed_at, error } = JSON.parse(await readFile(failure, 'utf8')) as Record<string, string>;
    assert.match(String(error), /^worker auto-worker-1 died in the middle of the job: ended by signal 9/);
    assert.ok(Date.parse(String(failed_at)) - killedAtMs < 15_000);

    await openGate('PMC-auto');
    await publish(AUTO, 'PMC-auto');
    await start('auto-worker-2', AUTO);
    await waitFor('its success', () => exists(sentinelOf('PMC-auto', AUTO)), LIMIT_MS);
    await waitFor('the withdrawal', async () => !(await exists(failure)), LIMIT_MS);
    await waitFor('it to be said', async () => (await journalOf('PMC-auto')).length === 2, LIMIT_MS);
    assert.deepEqual(await journalOf('PMC-auto'), ['withdrawn', 'written']);
    const series = await daemon.metrics();
    assert.equal(series.value('stagewatch_failure_sentinels_withdrawn_total', { stage: AUTO.stage }), 1);
  });
});
