/** On a real engine: lines in the logs of workers that fit a pattern become counts and a finding. */

import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const WORKER = 'ocr-worker-gpu0-0';
const OOM =
  'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB from amqp://me:s3cret@broker/';

interface FindingJson {
  readonly kind: string;
  readonly stage: string | null;
  readonly evidence: readonly string[];
}

describe('logs of workers of a real engine', { skip: skipWithout('docker') }, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

  async function startWorker(
    test: TestContext,
    script: string,
    ...options: readonly string[]
  ): Promise<void> {
    await engine.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      WORKER,
      ...options,
      IMAGE,
      'sh',
      '-c',
      script,
    );
    test.after(() => engine.removeAllContainers());
  }

  async function watch(test: TestContext, logs: string): Promise<Daemon> {
    const docker = `docker: { host: "unix://${engine.socketPath}", cpu_interval: 1s }`;
    const detection = 'detection: { interval: 1s, down_after: 5s }';
    const config = `${docker}\n${detection}\nlogs: ${logs}\n`;
    const daemon = await startDaemon({ folder: await tempDir(test), config });
    test.after(() => daemon.stop());
    return daemon;
  }

  async function findings(daemon: Daemon): Promise<readonly FindingJson[]> {
    const response = await fetch(`${daemon.url}/api/v1/findings`);
    return ((await response.json()) as { data: FindingJson[] }).data;
  }

  async function count(daemon: Daemon, pattern: string): Promise<number> {
    const text = await daemon.metricsText();
    const line = new RegExp(
      `^pipeline_log_errors_total\\{stage="ocr-worker",pattern="${pattern}"\\} (\\d+)$`,
      'm',
    );
    return Number(line.exec(text)?.[1]);
  }

  it('of a worker that died are read with its end, without the password in the line', async (test) => {
    await startWorker(test, `echo '${OOM}' >&2; exit 1`);
    const daemon = await watch(test, '{ interval: 2s }');
    const found = await waitFor('LogErrors', async () =>
      (await findings(daemon)).find(({ kind }) => kind === 'LogErrors'),
    );
    assert.equal(found.stage, 'ocr-worker');
    assert.match(
      found.evidence[0] ?? '',
      /^ocr-worker-gpu0-0, .* ago: torch\.cuda\.OutOfMemoryError: .*:\/\/\*\*\*@broker\/$/,
    );
    assert.equal(await count(daemon, 'gpu_oom'), 1);
    assert.equal(await count(daemon, 'nccl'), 0);
    const down = await waitFor('WorkerDown to name the line', async () =>
      (await findings(daemon)).find(
        ({ kind, evidence }) => kind === 'WorkerDown' && evidence.some((one) => one.includes('gpu_oom')),
      ),
    );
    assert.ok(down);
  });

  it('of a worker that is well are read only where all are followed, and each line once', async (test) => {
    const script = 'i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo "NCCL timeout $i"; done; sleep 10000';
    await startWorker(test, script, '-t');
    const quiet = await watch(test, '{ interval: 2s }');
    const daemon = await watch(test, '{ interval: 2s, follow: true }');
    await waitFor('the lines', async () => (await count(daemon, 'nccl')) === 3);
    await engine.docker('exec', WORKER, 'sh', '-c', 'echo "NCCL watchdog" > /proc/1/fd/1');
    await waitFor('one more', async () => (await count(daemon, 'nccl')) === 4);
    await waitFor('another reading', async () => (await count(daemon, 'nccl')) === 4);
    assert.equal(await count(quiet, 'nccl'), 0);
  });
});
