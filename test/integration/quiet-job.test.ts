/** On a real engine: a worker that waits for a remote call is left alone, by an unproven limit and while bytes come in. */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RecoveryRig, startRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 180_000;
const WORKER = 'paddle-worker-gpu0-0';
const SOURCE = 'remote-source';
/** Streams 8 kB a second to whoever connects first. */
const STREAM = 'while :; do head -c 8000 /dev/zero; sleep 1; done';
const FLOOR_S = 30;

describe('a page that waits for a remote call', { skip: skipWithout('docker', 'python') }, () => {
  let engine: RealDocker;
  let rig: RecoveryRig;
  before(async () => {
    engine = await startRealDocker();
    rig = await startRecoveryRig(engine);
    await engine.docker('network', 'create', '--internal', 'pipeline');
  });
  after(async () => {
    await rig?.dispose();
    await engine?.dispose();
  });

  const run = (name: string, ...command: readonly string[]): Promise<string> =>
    engine.docker('run', '-d', '--network', 'pipeline', '--name', name, IMAGE, ...command);

  const serve = (learned_proof: number): Promise<unknown> =>
    rig.serve({
      docker: { compose_project: null },
      stages: [{ id: 'G3_02', workers: 'paddle-worker-*' }],
      detection: {
        ...{ interval: '1s', stall_after: '5m', learned_floor: `${FLOOR_S}s` },
        ...{ learn_from: 10, learn_from_jobs: 3, learned_proof },
      },
    });

  interface ApiWorker {
    readonly container: string;
    readonly status: string;
    readonly done: number | null;
    readonly document: string | null;
    readonly lastProgressAt: string | null;
  }

  async function worker(): Promise<ApiWorker | undefined> {
    const response = await fetch(`${rig.daemon().url}/api/v1/fleet`);
    const { data } = (await response.json()) as { data: { workers: readonly ApiWorker[] } };
    return data.workers.find(({ container }) => container === WORKER);
  }

  const whenSeen = (what: string, isSeen: (seen: ApiWorker | undefined) => boolean): Promise<unknown> =>
    waitFor(what, async () => isSeen(await worker()), LIMIT_MS);

  /** Three jobs of four quick pages each; the last page of a fourth job is the one that waits. */
  async function workQuickly(): Promise<void> {
    for (const document of ['PMC1', 'PMC2', 'PMC3', 'PMC4']) {
      await rig.begin(WORKER, document);
      await whenSeen(`${document} to begin`, (seen) => seen?.document === document);
      for (const done of [2, 3, 4]) {
        await rig.step(WORKER);
        await whenSeen(`page ${done}`, (seen) => seen?.done === done);
      }
      if (document === 'PMC4') return;
      await rm(join(dirname(rig.dataDirectory()), 'progress', `${WORKER}.json`));
      await whenSeen(`${document} to end`, (seen) => seen?.document === null);
    }
  }

  const whenSilentFor = (seconds: number): Promise<unknown> =>
    whenSeen(`${seconds} s without a page`, (seen) => {
      const atMs = Date.parse(seen?.lastProgressAt ?? '');
      return Date.now() - atMs >= seconds * 1000;
    });

  it('is not restarted by a limit that few jobs have taught', async () => {
    await rig.clear();
    await run(WORKER, 'sleep', '1000');
    await serve(300);
    await workQuickly();
    const before = await rig.startedAt(WORKER);
    await whenSilentFor(FLOOR_S + 10);
    assert.equal((await worker())?.status, 'active');
    assert.deepEqual(await rig.journal('finding_opened,restart_planned'), []);
    assert.equal(await rig.startedAt(WORKER), before);
    await engine.docker('rm', '-f', WORKER);
  });

  it('is not restarted by a proven limit while bytes come in, and is when they do not any more', async () => {
    await rig.clear();
    await run(SOURCE, 'busybox', 'nc', '-l', '-p', '9000', '-e', 'sh', '-c', STREAM);
    const inspected = (await engine.inspect(SOURCE)) as {
      NetworkSettings: { Networks: { pipeline: { IPAddress: string } } };
    };
    const { IPAddress } = inspected.NetworkSettings.Networks.pipeline;
    await run(WORKER, 'sh', '-c', `busybox nc ${IPAddress} 9000 > /dev/null; sleep 1000`);
    await serve(0);
    await workQuickly();
    const before = await rig.startedAt(WORKER);
    await whenSilentFor(FLOOR_S + 15);
    assert.equal((await worker())?.status, 'slow');
    assert.equal(await rig.startedAt(WORKER), before);

    await engine.docker('kill', SOURCE);
    await rig.whenStartedAgain(WORKER, before, LIMIT_MS);
    const [stuck] = await rig.journal('finding_opened');
    assert.equal(stuck?.['kind'], 'WorkerStuck');
  });
});
