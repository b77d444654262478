/** On a real engine: containers that sleep inside a job are found stuck, those that burn CPU are slow, both say why. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { type PipelineWriter, startPipelineWriter } from '../support/pipeline-writer.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const ASLEEP = 'paddle-worker-gpu0-0';
const BUSY = 'spine-worker-gpu0-0';
const LIMIT_MS = 90_000;

interface ApiWorker {
  readonly container: string;
  readonly status: string;
  readonly reason: string;
}
interface ApiFinding {
  readonly id: string;
  readonly kind: string;
  readonly summary: string;
  readonly evidence: readonly string[];
}

describe('verdicts on a real engine', { skip: skipWithout('docker', 'python') }, () => {
  let engine: RealDocker;
  let writer: PipelineWriter;
  let daemon: Daemon;
  let folder: string;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    folder = await tempDir({ after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never);
    engine = await startRealDocker();
    writer = startPipelineWriter();
    await mkdir(join(folder, 'progress'));
    await start(ASLEEP, 'sleep 10000');
    await start(BUSY, 'while :; do :; done');
    for (const name of [ASLEEP, BUSY]) await beginJob(name);
    daemon = await startDaemon({ folder, config: configuration() });
    await daemon.whenReady();
  });

  after(async () => {
    await daemon?.stop();
    writer?.stop();
    for (const task of cleanups.reverse()) await task();
    await engine?.dispose();
  });

  const start = (name: string, script: string): Promise<string> =>
    engine.docker('run', '-d', '--network', 'none', '--name', name, IMAGE, 'sh', '-c', script);

  const beginJob = (name: string): Promise<void> =>
    writer.write(join(folder, 'progress', `${name}.json`), {
      role: 'worker',
      name,
      document: 'PMC1',
      done: 12,
      total: 40,
      unit: 'page',
    });

  const configuration = (): string => `
docker: { host: "${engine.host}", cpu_interval: 2s }
progress: { directory: "${join(folder, 'progress')}", interval: 200ms }
detection: { interval: 1s }
stages:
  - { id: G2_00, workers: "spine-worker-*", stall_after: 25s }
  - { id: G3_02, workers: "paddle-worker-*", stall_after: 25s }
`;

  async function read<T>(path: string): Promise<T> {
    return ((await (await fetch(`${daemon.url}${path}`)).json()) as { data: T }).data;
  }

  async function whenStatus(name: string, status: string): Promise<ApiWorker> {
    return waitFor(
      `${name} to be ${status}`,
      async () => {
        const { workers } = await read<{ workers: readonly ApiWorker[] }>('/api/v1/fleet');
        const worker = workers.find(({ container }) => container === name);
        return worker?.status === status ? worker : undefined;
      },
      LIMIT_MS,
    );
  }

  it('find who sleeps inside a job stuck, with the CPU time as evidence', async () => {
    const { reason } = await whenStatus(ASLEEP, 'stuck');
    assert.match(reason, /^no progress for \d+s at page 12 of 40 of PMC1, and nothing else moves$/);
    const stuck = await waitFor('the finding to open', async () =>
      (await read<readonly ApiFinding[]>('/api/v1/findings')).find(
        ({ id }) => id === `WorkerStuck:${ASLEEP}`,
      ),
    );
    assert.match(stuck.summary, /^\d+s without progress$/);
    assert.ok(
      stuck.evidence.some((line) =>
        /^container (used 0\.0 CPU-s in|has used next to no CPU for) \d+/.test(line),
      ),
      stuck.evidence.join('\n'),
    );
  });

  it('find who burns CPU only slow', async () => {
    const { reason } = await whenStatus(BUSY, 'slow');
    assert.match(reason, /^no progress for \d+s at page 12 of 40 of PMC1, but busy$/);
  });

  it('show both on the metrics page', async () => {
    const series = await daemon.metrics();
    const stuck = { container: ASLEEP, stage: 'G3_02' };
    assert.equal(series.value('pipeline_worker_status', { ...stuck, status: 'stuck' }), 1);
    assert.equal(series.value('pipeline_worker_status', { ...stuck, status: 'active' }), 0);
    assert.equal(
      series.value('pipeline_finding_active', {
        ...stuck,
        kind: 'WorkerStuck',
        severity: 'critical',
        gpu: '0',
      }),
      1,
    );
    assert.equal(series.value('pipeline_stage_stall_limit_seconds', { stage: 'G2_00' }), 25);
    assert.ok((series.value('pipeline_findings_total', { kind: 'WorkerStuck' }) ?? 0) >= 1);
  });

  it('take it back when the container is started again', async () => {
    await engine.docker('restart', '-t', '0', ASLEEP);
    await whenStatus(ASLEEP, 'starting');
    await waitFor('the finding to clear', async () =>
      (await read<readonly ApiFinding[]>('/api/v1/findings')).every(({ kind }) => kind !== 'WorkerStuck'),
    );
    assert.ok(daemon.log.some(({ msg, kind }) => msg === 'finding cleared' && kind === 'WorkerStuck'));
    const journal = await read<readonly Record<string, unknown>[]>(
      '/api/v1/journal?type=finding_opened,finding_cleared',
    );
    const [cleared, opened] = journal.filter(({ id }) => id === `WorkerStuck:${ASLEEP}`);
    assert.deepEqual([cleared?.['type'], opened?.['type']], ['finding_cleared', 'finding_opened']);
    assert.ok(Number(cleared?.['lastedMs']) > 25_000, String(cleared?.['lastedMs']));
  });
});
