/** On a real engine: a worker that waits for a remote call is left alone, by an unproven limit and while bytes come in. */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RecoveryRig, withRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 180_000;
const SOURCE = 'remote-source';
/** Streams 8 kB a second to whoever connects first. */
const STREAM = 'while :; do head -c 8000 /dev/zero; sleep 1; done';
/** What comes in is asked for after 20 s of silence, and known some seconds later: the limit must not be over before. */
const FLOOR_S = 30;
/** By then a worker that is taken for stuck would be restarted. */
const QUIET_S = 40;
const NETWORK = 'pipeline';

interface ApiWorker {
  readonly container: string;
  readonly status: string;
  readonly done: number | null;
  readonly document: string | null;
  readonly lastProgressAt: string | null;
}

/** A daemon of its own with its stage of one worker: the cases wait at the same time. */
interface Scene {
  readonly name: string;
  serve(learned_proof: number): Promise<unknown>;
  worker(): Promise<ApiWorker | undefined>;
  workQuickly(): Promise<void>;
  whenQuiet(): Promise<unknown>;
}

describe('a page that waits for a remote call', {
  skip: skipWithout('docker', 'python'),
  concurrency: 2,
}, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
    await engine.docker('network', 'create', '--internal', NETWORK);
  });
  after(() => engine?.dispose());

  const run = (name: string, ...command: readonly string[]): Promise<string> =>
    engine.docker('run', '-d', '--network', NETWORK, '--name', name, IMAGE, ...command);

  it('is not restarted by a limit that few jobs have taught', () =>
    withRecoveryRig(engine, async (rig) => {
      const { name, serve, worker, workQuickly, whenQuiet } = createScene(rig, 'paddle');
      await run(name, 'sleep', '1000');
      await serve(300);
      await workQuickly();
      const before = await rig.startedAt(name);
      await whenQuiet();
      assert.equal((await worker())?.status, 'active');
      assert.deepEqual(await rig.journal('finding_opened,restart_planned'), []);
      assert.equal(await rig.startedAt(name), before);
    }));

  it('is not restarted by a proven limit while bytes come in, and is when they do not any more', () =>
    withRecoveryRig(engine, async (rig) => {
      const { name, serve, worker, workQuickly, whenQuiet } = createScene(rig, 'spine');
      await run(SOURCE, 'busybox', 'nc', '-l', '-p', '9000', '-e', 'sh', '-c', STREAM);
      const inspected = (await engine.inspect(SOURCE)) as {
        NetworkSettings: { Networks: { [NETWORK]: { IPAddress: string } } };
      };
      const { IPAddress } = inspected.NetworkSettings.Networks[NETWORK];
      await run(name, 'sh', '-c', `busybox nc ${IPAddress} 9000 > /dev/null; sleep 1000`);
      await serve(0);
      await workQuickly();
      const before = await rig.startedAt(name);
      await whenQuiet();
      assert.equal((await worker())?.status, 'slow');
      assert.equal(await rig.startedAt(name), before);

      await engine.docker('kill', SOURCE);
      await rig.whenStartedAgain(name, before, LIMIT_MS);
      const [stuck] = await rig.journal('finding_opened');
      assert.equal(stuck?.['kind'], 'WorkerStuck');
    }));
});

function createScene(rig: RecoveryRig, kind: string): Scene {
  const name = `${kind}-worker-gpu0-0`;

  async function worker(): Promise<ApiWorker | undefined> {
    const response = await fetch(`${rig.daemon().url}/api/v1/fleet`);
    const { data } = (await response.json()) as { data: { workers: readonly ApiWorker[] } };
    return data.workers.find(({ container }) => container === name);
  }

  const whenSeen = (what: string, isSeen: (seen: ApiWorker | undefined) => boolean): Promise<unknown> =>
    waitFor(what, async () => isSeen(await worker()), LIMIT_MS, worker);

  return {
    name,
    worker,
    serve: (learned_proof) =>
      rig.serve({
        docker: { compose_project: null },
        stages: [{ id: 'G3_02', workers: `${kind}-worker-*` }],
        detection: {
          ...{ interval: '1s', stall_after: '5m', learned_floor: `${FLOOR_S}s` },
          ...{ learn_from: 10, learn_from_jobs: 3, learned_proof },
        },
      }),
    /** Three jobs of four quick pages each; the last page of a fourth job is the one that waits. */
    async workQuickly() {
      for (const document of ['PMC1', 'PMC2', 'PMC3', 'PMC4']) {
        await rig.begin(name, document);
        await whenSeen(`${document} to begin`, (seen) => seen?.document === document);
        for (const done of [2, 3, 4]) {
          await rig.step(name);
          await whenSeen(`page ${done}`, (seen) => seen?.done === done);
        }
        if (document === 'PMC4') return;
        await rm(join(dirname(rig.dataDirectory()), 'progress', `${name}.json`));
        await whenSeen(`${document} to end`, (seen) => seen?.document === null);
      }
    },
    whenQuiet: () =>
      whenSeen(`${QUIET_S} s without a page`, (seen) => {
        const atMs = Date.parse(seen?.lastProgressAt ?? '');
        return Date.now() - atMs >= QUIET_S * 1000;
      }),
  };
}
