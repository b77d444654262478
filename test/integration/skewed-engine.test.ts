/** A real engine on a host whose clock is hours off: who hangs is restarted once, who works is left alone, ends are dated right. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { type RealDocker, startRealDocker } from '../support/real-docker.js';
import { withRecoveryRig } from '../support/recovery-rig.js';
import { startSkewedProxy } from '../support/skewed-proxy.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 120_000;
const HOUR_MS = 3_600_000;

interface Api {
  readonly containers: readonly {
    readonly container: string;
    readonly startedAt: string;
    readonly exits: object;
  }[];
  readonly workers: readonly { readonly container: string; readonly status: string }[];
  readonly sources: readonly { readonly source: string; readonly warning: string | null }[];
}

describe('a real engine whose host has a wrong clock', {
  skip: skipWithout('docker', 'python'),
  concurrency: 2,
}, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

  for (const [name, aheadMs, words] of [
    [
      '3 hours ahead',
      3 * HOUR_MS,
      /^the clock of unix:\S+ is (3h00m|2h59m) ahead of the clock here; .*chrony/,
    ],
    ['7 minutes behind', -7 * 60_000, /is (7m0\ds|6m59s) behind the clock here/],
  ] as const) {
    it(`judges, restarts and dates as on one whose clock is right: ${name}`, (test) =>
      withRecoveryRig(engine, async (rig) => {
        const folder = await tempDir(test as never);
        await mkdir(folder, { recursive: true });
        const proxy = await startSkewedProxy(folder, engine.socketPath, aheadMs);
        test.after(() => proxy.close());
        const lane = aheadMs > 0 ? 1 : 2;
        const [hung, busy, killed] = [
          `paddle-worker-gpu${lane}-0`,
          `paddle-worker-gpu${lane}-1`,
          `paddle-worker-gpu${lane}-2`,
        ];
        for (const worker of [hung, busy, killed]) await rig.start(worker);
        for (const worker of [hung, busy, killed]) await rig.begin(worker, `PMC-${worker}`);
        const beats = setInterval(() => {
          for (const worker of [busy, killed]) void rig.step(worker);
        }, 1000);
        try {
          await play();
        } finally {
          clearInterval(beats);
        }

        async function play(): Promise<void> {
          await rig.serve({ docker: { host: proxy.host } });
          const startedAt = await rig.startedAt(hung);
          const fleet = async () =>
            ((await (await fetch(`${rig.daemon().url}/api/v1/fleet`)).json()) as { data: Api }).data;
          const first = await fleet();
          assert.match(first.sources.find(({ source }) => source === 'docker')?.warning ?? '', words);
          for (const { container, startedAt: shown } of first.containers) {
            const offMs = Date.parse(shown) - Date.parse(await rig.startedAt(container));
            assert.ok(Math.abs(offMs) < 2500, `${container} started ${offMs} ms off`);
          }

          const again = await rig.whenStartedAgain(hung, startedAt, LIMIT_MS);
          await rig.begin(hung, 'PMC-next');
          const done = await waitFor(
            'its restart to end',
            async () => (await rig.recovery()).recent[0],
            LIMIT_MS,
          );
          assert.deepEqual([done.container, done.result], [hung, 'recovered'], done.text);
          assert.equal(await rig.startedAt(hung), again, 'restarted once');
          const page = await rig.daemon().metrics();
          const counted = { container: hung, role: 'worker', stage: 'G3_02' };
          assert.equal(
            page.value('pipeline_container_restarts_total', { ...counted, cause: 'stagewatch' }),
            1,
          );
          assert.equal(page.value('pipeline_container_restarts_total', { ...counted, cause: 'other' }), 0);
          assert.equal(page.value('pipeline_container_restarts_total', { ...counted, cause: 'policy' }), 0);
          assert.equal((await fleet()).workers.find(({ container }) => container === busy)?.status, 'active');

          const { State } = (await engine.inspect(killed)) as { State: { Pid: number } };
          process.kill(State.Pid, 'SIGKILL');
          const killedAtMs = Date.now();
          const down = (await rig.whenFinding('WorkerDown', LIMIT_MS)) as unknown as {
            container: string;
            beganAt: string;
          };
          assert.equal(down.container, killed);
          assert.ok(Math.abs(Date.parse(down.beganAt) - killedAtMs) < 5000, `down since ${down.beganAt}`);
          const stuck = (await rig.journal('finding_opened')).filter(({ kind }) => kind === 'WorkerStuck');
          assert.deepEqual([...new Set(stuck.map(({ container }) => container))], [hung]);
        }
      }));
  }
});
