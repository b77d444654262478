/** A real Podman service: what a daemon says of its containers is what Podman says, and a stuck worker is restarted. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { IMAGE } from '../support/real-docker.js';
import { type RealPodman, startRealPodman } from '../support/real-podman.js';
import { type RecoveryRig, withRecoveryRig } from '../support/recovery-rig.js';
import type { Series } from '../support/series.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

describe('a daemon beside a real Podman service', { skip: skipWithout('podman', 'python') }, () => {
  let podman: RealPodman;

  before(async () => {
    podman = await startRealPodman();
  });
  after(() => podman?.dispose());

  const run = (name: string, ...args: string[]): Promise<string> =>
    podman.docker('run', '-d', '--network', 'none', '--name', name, ...args);
  const restartCount = async (name: string) => (await podman.inspect(name))['RestartCount'] as number;

  function value(series: Series, fact: string, container: string, labels: Record<string, string> = {}) {
    return series.value(`pipeline_container_${fact}`, { container, ...labels });
  }

  /** By whatever reason: an inspect may tell of an end before its event, and no more with which code. */
  function exitCount(page: Series, name: string): number {
    const exits = page
      .all('pipeline_container_exits_total')
      .filter(({ labels }) => labels['container'] === name);
    return exits.reduce((sum, one) => sum + one.value, 0);
  }

  async function whenSame(rig: RecoveryRig, what: string, isSame: (series: Series) => unknown) {
    const shown = async () =>
      (await rig.daemon().metricsText())
        .split('\n')
        .filter((line) => /^pipeline_container_(exits|restarts|health|state).*[1-9]$/.test(line));
    await waitFor(what, async () => isSame(await rig.daemon().metrics()), 60_000, shown);
  }

  it('counts exits and restarts as Podman does', () =>
    withRecoveryRig(podman, async (rig) => {
      await rig.serve({ docker: { compose_project: null } });
      await run('crash-worker-gpu0-0', '--restart', 'on-failure:4', IMAGE, 'sh', '-c', 'sleep 0.2; exit 3');
      await run('asked-worker-gpu0-1', IMAGE, 'sleep', '1000');
      await podman.docker('restart', '-t', '0', 'asked-worker-gpu0-1');
      await waitFor(
        'the last restart',
        async () => (await restartCount('crash-worker-gpu0-0')) === 4,
        30_000,
      );
      await whenSame(rig, 'the page to agree', (page) => {
        const name = 'crash-worker-gpu0-0';
        return (
          value(page, 'restarts_total', name, { cause: 'policy' }) === 4 &&
          value(page, 'restarts_total', name, { cause: 'other' }) === 0 &&
          value(page, 'exits_total', name, { reason: 'error' }) === 5 &&
          value(page, 'state', name, { state: 'exited' }) === 1 &&
          value(page, 'last_exit_code', name) === 3
        );
      });
      await whenSame(rig, 'a restart that was asked for', (page) => {
        const name = 'asked-worker-gpu0-1';
        return (
          value(page, 'restarts_total', name, { cause: 'other' }) === 1 &&
          value(page, 'restarts_total', name, { cause: 'policy' }) === 0 &&
          exitCount(page, name) === 1
        );
      });
      await podman.docker('rm', '-f', 'asked-worker-gpu0-1');
      await waitFor('the end of a removed one', async () => {
        const page = await rig.daemon().metrics();
        return value(page, 'info', 'asked-worker-gpu0-1') === undefined;
      });
      await podman.removeAllContainers();
    }));

  it('tells health, and inspects nothing for a check that changes nothing', async (test) => {
    const folder = await tempDir(test);
    await withRecoveryRig(podman, async (rig) => {
      const proxy = await rig.startProxy(() => false);
      // Long pauses, so that nothing but an event causes an inspect.
      const docker = { compose_project: null, host: proxy.host, relist_interval: '10m' };
      await rig.serve({ docker });
      const name = 'checked-worker-gpu0-0';
      // Without systemd Podman checks nothing by itself.
      // At the same place inside and outside: an exec in a nested root may see the outer one.
      const sick = join(folder, 'sick');
      const checked = [
        '--health-cmd',
        `test ! -e ${sick}`,
        '--health-retries',
        '1',
        '--health-timeout',
        '60s',
      ];
      const health = [...checked, '--volume', `${folder}:${folder}`];
      await run(name, ...health, IMAGE, 'sleep', '1000');
      const check = (): Promise<unknown> => podman.podman('healthcheck', 'run', name).catch(() => undefined);
      // Again and again: before Podman 5 the event of a check tells the outcome of the one before.
      const whenChecked = (state: string): Promise<unknown> =>
        waitFor(`it to be ${state}`, async () => {
          await check();
          return value(await rig.daemon().metrics(), 'health', name, { health: state }) === 1;
        });
      await whenChecked('healthy');
      const before = proxy.requests.length;
      for (let index = 0; index < 5; index++) await check();
      await writeFile(sick, '');
      const inspects = proxy.requests.slice(before).filter((path) => /^GET .*\/.{12,}\/json$/.test(path));
      assert.deepEqual(inspects, []);
      await whenChecked('unhealthy');
      await podman.removeAllContainers();
    });
  });

  it('reads CPU time from its control groups', () =>
    withRecoveryRig(podman, async (rig) => {
      await rig.serve({ docker: { compose_project: null, cpu_interval: '1s' } });
      await run('busy-worker-gpu0-0', IMAGE, 'sh', '-c', 'while :; do :; done');
      await whenSame(
        rig,
        'CPU time',
        (page) => (value(page, 'cpu_seconds_total', 'busy-worker-gpu0-0') ?? 0) > 0.1,
      );
      assert.ok(!rig.daemon().log.some(({ msg }) => String(msg).includes('no control group')));
      await podman.removeAllContainers();
    }));

  it('restarts a stuck worker once, with evidence that tells what its processes do', () =>
    withRecoveryRig(podman, async (rig) => {
      const worker = 'paddle-worker-gpu0-100';
      await rig.start(worker);
      await rig.begin(worker, 'PMC1');
      await rig.serve({ recovery: { stop_timeout: '1s' } });
      const before = await rig.startedAt(worker);
      const moved = await rig.whenStartedAgain(worker, before, 120_000);
      await rig.begin(worker, 'PMC1');
      const done = await waitFor('its recovery', async () => (await rig.recovery()).recent[0], 120_000);
      assert.equal(done.result, 'recovered', done.text);
      assert.equal(await rig.startedAt(worker), moved, 'restarted once');
      const top = await readFile(join(rig.dataDirectory(), done.evidence ?? '', 'top.txt'), 'utf8');
      assert.match(top, /STATE?/);
      assert.match(top, /\tS\w*\t.*sh -c/);
      const page = await rig.daemon().metrics();
      assert.equal(value(page, 'restarts_total', worker, { cause: 'stagewatch' }), 1);
      assert.equal(value(page, 'restarts_total', worker, { cause: 'other' }), 0);
    }));
});
