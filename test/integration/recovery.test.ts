/** On a real engine: who hangs is restarted once and recovers, who hangs again and again is given up, who is well is left alone. */

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import { type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RecoveryRig, withRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 180_000;

/** The log of a suspect is read before that too. */
const isPlanned = async (rig: RecoveryRig): Promise<boolean> =>
  (await rig.journal('restart_planned')).length > 0;

describe('recovery on a real engine', {
  skip: skipWithout('docker', 'python'),
  concurrency: 2,
}, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

  it('restarts a worker that ignores SIGTERM and hangs, once, and it recovers', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-100';
      await rig.start(worker, { ignoresTerm: true });
      await rig.begin(worker, 'PMC1');
      await rig.serve({ recovery: { stop_timeout: '1s' } });
      const before = await rig.startedAt(worker);
      const moved = await rig.whenStartedAgain(worker, before, LIMIT_MS);
      await rig.begin(worker, 'PMC1');
      const done = await waitFor(
        'the worker to have recovered',
        async () => (await rig.recovery()).recent[0],
        LIMIT_MS,
      );
      assert.equal(done.result, 'recovered', done.text);
      assert.equal(await rig.startedAt(worker), moved, 'restarted once');
      const page = await rig.daemon().metrics();
      assert.equal(page.value('stagewatch_restarts_total', { stage: 'G3_02', result: 'recovered' }), 1);
      const counted = { container: worker, role: 'worker', stage: 'G3_02' };
      assert.equal(page.value('pipeline_container_restarts_total', { ...counted, cause: 'stagewatch' }), 1);
      assert.equal(page.value('pipeline_container_restarts_total', { ...counted, cause: 'other' }), 0);
      await checkEvidence(rig, done.evidence ?? '');
      const types = (await rig.journal('restart_planned,restart_started,restart_ended')).map(
        ({ type }) => type,
      );
      assert.deepEqual(types.toReversed(), ['restart_planned', 'restart_started', 'restart_ended']);
    }));

  async function checkEvidence(rig: RecoveryRig, folder: string): Promise<void> {
    const path = join(rig.dataDirectory(), folder);
    assert.deepEqual((await readdir(path)).toSorted(), [
      'container.json',
      'incident.json',
      'logs.txt',
      'top.txt',
    ]);
    const logs = await readFile(join(path, 'logs.txt'), 'utf8');
    assert.match(logs, /^\S+Z out end$/m);
    assert.match(logs, /^stderr \S+Z err end$/m);
    assert.ok(logs.split('\n').length <= 203, 'the last 200 lines only');
    assert.doesNotMatch(logs, /hunter2/);
    assert.match(await readFile(join(path, 'top.txt'), 'utf8'), /sh -c/);
    const container = JSON.parse(await readFile(join(path, 'container.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.equal((container['state'] as { Status: string }).Status, 'running');
    assert.doesNotMatch(JSON.stringify(container), /hunter2/, 'no environment');
  }

  it('keeps the log of a container with a terminal too', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-101';
      await rig.start(worker, { hasTty: true });
      await rig.begin(worker, 'PMC1');
      await rig.serve();
      await rig.whenStartedAgain(worker, await rig.startedAt(worker), LIMIT_MS);
      const [folder = ''] = await readdir(join(rig.dataDirectory(), 'evidence'));
      const logs = await readFile(join(rig.dataDirectory(), 'evidence', folder, 'logs.txt'), 'utf8');
      assert.match(logs, /^\S+Z out end$/m);
    }));

  it('gives up a worker that hangs again and again, and says so', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-102';
      await rig.start(worker);
      await rig.serve({ recovery: { backoff: '1s', container_budget: 2 } });
      let startedAt = await rig.startedAt(worker);
      await rig.begin(worker, 'PMC1');
      for (const document of ['PMC2', 'PMC3']) {
        startedAt = await rig.whenStartedAgain(worker, startedAt, LIMIT_MS);
        // It begins a job after its start, and hangs in it.
        await rig.begin(worker, document);
      }
      const finding = await rig.whenFinding('RestartsExhausted', LIMIT_MS);
      assert.match(finding.summary, /^restarted 2 times in 30m00s, and stuck again$/);
      assert.equal(await rig.startedAt(worker), startedAt);
      const plans = (await rig.recovery()).workers.map(({ decision, reason }) => [decision, reason]);
      assert.deepEqual(plans, [['refuse', 'container_budget']]);
    }));

  it('restarts nobody when 20 of one stage hang together', () =>
    withRecoveryRig(engine, async (rig) => {
      const names = Array.from({ length: 20 }, (_, index) => `paddle-worker-gpu${index % 2}-2${index}`);
      await Promise.all(names.map((name) => rig.start(name)));
      const before = await Promise.all(names.map((name) => rig.startedAt(name)));
      for (const name of names) await rig.begin(name, `PMC-${name}`);
      await rig.serve();
      await rig.whenFinding('CommonCause', LIMIT_MS);
      await waitFor(
        'all to be found stuck',
        async () => (await rig.recovery()).workers.length === names.length,
        LIMIT_MS,
      );
      const { workers, recent } = await rig.recovery();
      assert.deepEqual(new Set(workers.map(({ reason }) => reason)), new Set(['common_cause']));
      assert.deepEqual(recent, []);
      assert.deepEqual(await Promise.all(names.map((name) => rig.startedAt(name))), before);
      const causes = (await rig.findings()).filter(({ kind }) => kind === 'CommonCause');
      assert.equal(causes.length, 1);
    }));

  it('restarts one of a stage that hangs as a whole, and the next when that one has finished a job', () =>
    withRecoveryRig(engine, async (rig) => {
      const names = [0, 1, 2, 3].map((index) => `ocr-worker-${index}`);
      await Promise.all(names.map((name) => rig.start(name)));
      const before = new Map(
        await Promise.all(names.map(async (name) => [name, await rig.startedAt(name)] as const)),
      );
      for (const name of names) await rig.begin(name, `PMC-${name}`);
      await rig.serve({
        detection: { stall_after: '40s' },
        stages: [{ id: 'G4_00', workers: 'ocr-worker-*', stall_after: '20s' }],
      });
      const whenRestarted = (count: number): Promise<readonly string[]> =>
        waitFor(
          `${count} of them to be started again`,
          async () => {
            const now = await Promise.all(names.map((name) => rig.startedAt(name)));
            const again = names.filter((name, index) => now[index] !== before.get(name));
            return again.length >= count && again;
          },
          LIMIT_MS,
        );
      const [probe = ''] = await whenRestarted(1);
      await rig.begin(probe, 'PMC-again');
      await waitFor('its recovery', async () => (await rig.recovery()).recent[0], LIMIT_MS);
      const { workers } = await rig.recovery();
      assert.deepEqual(
        workers.map(({ reason }) => reason),
        ['probe_under_way', 'probe_under_way', 'probe_under_way'],
      );
      assert.equal((await whenRestarted(1)).length, 1);
      await rig.finish(probe);
      assert.ok((await whenRestarted(2)).includes(probe));
      const planned = await rig.journal('restart_planned');
      assert.deepEqual(planned.map(({ reason }) => reason).toReversed(), ['probe', 'stuck']);
    }));

  it('leaves every start as it was in a dry run, and tells what it would do', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-104';
      await rig.start(worker);
      await rig.begin(worker, 'PMC1');
      const before = await rig.startedAt(worker);
      await rig.serve({ recovery: { dry_run: true } });
      const done = await waitFor('the dry run', async () => (await rig.recovery()).recent[0], LIMIT_MS);
      assert.deepEqual([done.result, done.dryRun], ['dry_run', true]);
      assert.equal(await rig.startedAt(worker), before);
      assert.equal(
        (await rig.daemon().metrics()).value('stagewatch_restarts_total', { result: 'dry_run' }),
        1,
      );
    }));

  it('gives up when progress resumes between plan and act', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-105';
      await rig.start(worker);
      await rig.begin(worker, 'PMC1');
      const before = await rig.startedAt(worker);
      // The log is read on the way to the restart: there its progress moves, before any sweep would see it.
      const proxy = await rig.startProxy(async (path) => {
        if (path.includes('/logs') && (await isPlanned(rig))) await rig.step(worker);
        return false;
      });
      await rig.serve({ docker: { host: proxy.host }, progress: { interval: '1m' } });
      await waitFor(
        'the restart to be given up',
        async () => (await rig.journal('restart_refused')).length > 0,
        LIMIT_MS,
      );
      const [refused] = await rig.journal('restart_refused');
      assert.deepEqual(
        [refused?.['reason'], refused?.['text']],
        ['progress_resumed', 'its progress moves again'],
      );
      assert.equal(await rig.startedAt(worker), before);
    }));

  it('gives up when the container is removed between plan and act', () =>
    withRecoveryRig(engine, async (rig) => {
      const worker = 'paddle-worker-gpu0-106';
      await rig.start(worker);
      await rig.begin(worker, 'PMC1');
      const proxy = await rig.startProxy(async (path) => {
        if (path.includes('/logs') && (await isPlanned(rig))) await rig.docker('rm', '-f', worker);
        return false;
      });
      await rig.serve({ docker: { host: proxy.host } });
      const given = ['container_changed', 'no_evidence'];
      await waitFor(
        'the restart to be given up',
        async () =>
          (await rig.journal('restart_refused')).some(({ reason }) => given.includes(String(reason))),
        LIMIT_MS,
      );
      assert.deepEqual(await rig.journal('restart_started'), []);
    }));
});
