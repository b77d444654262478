/** On a real engine: which container the processes belong to that a program in the place of nvidia-smi lists. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it, type TestContext } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { listGpuContainers } from '../../src/fleet/gpu-containers.js';
import { planSources } from '../../src/sources/all-sources.js';
import { skipWithout } from '../support/machine.js';
import { startServer } from '../support/misbehaving-server.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { createSourceHarness } from '../support/source-harness.js';
import { createStandInSmi } from '../support/stand-in-smi.js';
import { waitFor } from '../support/wait-for.js';

const GPU = 'GPU-8f1b2c3d-0a1b-4c2d-8e3f-112233445566';
const WORKER = 'ocr-worker-gpu0-0';
const GPUS = `0, ${GPU}\n`;

describe('GPU processes of a real engine', { skip: skipWithout('docker') }, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

  /** Its first process is a shell, and the one on the GPU its child, as with most images. */
  async function startWorker(test: TestContext): Promise<number> {
    const program = 'sleep 10000 & wait';
    await engine.docker('run', '-d', '--network', 'none', '--name', WORKER, IMAGE, 'sh', '-c', program);
    test.after(() => engine.removeAllContainers());
    return waitFor('the child', async () => {
      const [, ...rows] = (await engine.docker('top', WORKER, '-eo', 'pid,comm')).split('\n');
      const child = rows.find((row) => row.includes('sleep'));
      return child === undefined ? undefined : Number.parseInt(child, 10);
    });
  }

  function watch(test: TestContext, gpu_processes: object) {
    const docker = { host: `unix://${engine.socketPath}` };
    const config = configSchema.parse({ docker, gpu_processes: { interval: '1s', ...gpu_processes } });
    const harness = createSourceHarness();
    for (const plan of planSources(config, {})) {
      if (plan.kind !== 'watched') continue;
      const gpuContainers = () => listGpuContainers(harness.fleet);
      const source = plan.create({ ...harness.context, gpuContainers });
      test.after(() => source.stop());
      source.start();
    }
    return harness;
  }

  it('are found by their control groups, and what outlives its container is nobody’s', async (test) => {
    const pid = await startWorker(test);
    const stranger = spawn('sleep', ['10000']);
    test.after(() => stranger.kill('SIGKILL'));
    const smi = await createStandInSmi(test);
    await smi.print({ apps: `${pid}, ${GPU}, 100, sleep\n${stranger.pid}, ${GPU}, 50\n`, gpus: GPUS });
    const { fleet } = watch(test, { command: smi.path });
    await waitFor('the memory of the worker', () => fleet.gpuHoldings.length === 1);
    const { container, stage, gpu, usedBytes } = fleet.gpuHoldings[0] ?? {};
    assert.deepEqual([container, stage, gpu, usedBytes], [WORKER, 'ocr-worker', '0', 100 * 2 ** 20]);
    const [left] = fleet.gpuOrphans[0]?.processes ?? [];
    assert.deepEqual([left?.pid, left?.program, left?.endedContainer], [stranger.pid, 'sleep', undefined]);
    const ageMs = Date.now() - (left?.startedAtMs ?? 0);
    assert.ok(ageMs >= 0 && ageMs < 120_000, `${ageMs}`);

    await engine.docker('rm', '-f', WORKER);
    await waitFor('the driver to be the only one that knows it', () =>
      fleet.gpuOrphans[0]?.processes.some((one) => one.pid === pid && one.hasEnded),
    );
    assert.deepEqual(fleet.gpuHoldings, []);
    assert.equal(fleet.gpuOrphans[0]?.usedBytes, 150 * 2 ** 20);
  });

  it('are found by the engine’s process lists where only their text comes over the network', async (test) => {
    const pid = await startWorker(test);
    const { url } = await startServer(test, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(`${GPUS}${pid}, ${GPU}, 100, sleep\n2, ${GPU}, 50\n`);
    });
    const { fleet } = watch(test, { url });
    await waitFor('the memory of the worker', () => fleet.gpuHoldings[0]?.container === WORKER);
    assert.deepEqual(
      fleet.gpuOrphans[0]?.processes.map((one) => one.pid),
      [2],
    );
  });
});
