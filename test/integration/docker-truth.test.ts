/** Containers of every fate on a real engine: what /metrics says equals what docker inspect and the events say. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { checkMetrics, startRealPrometheus } from '../support/real-prometheus.js';
import type { Series } from '../support/series.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

interface InspectedState {
  readonly Status: string;
  readonly ExitCode: number;
  readonly StartedAt: string;
  readonly Health?: { readonly Status: string };
}

interface EngineEventLine {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

describe('a daemon beside a real engine', { skip: skipWithout('docker', 'prometheus') }, () => {
  let engine: RealDocker;
  let daemon: Daemon;
  let folder: string;
  const cleanups: (() => Promise<unknown>)[] = [];

  before(async () => {
    folder = await tempDir({ after: (task) => cleanups.push(async () => (task as () => unknown)()) });
    engine = await startRealDocker();
    daemon = await startDaemon({ folder, config: `docker: { host: "${engine.host}" }\n` });
    await daemon.whenReady();
  });

  after(async () => {
    await daemon?.stop();
    await engine?.dispose();
    for (const cleanup of cleanups) await cleanup();
  });

  const create = (name: string, ...args: string[]): Promise<string> =>
    engine.docker('run', '-d', '--network', 'none', '--name', name, ...args);
  const inspectState = async (name: string) => (await engine.inspect(name))['State'] as InspectedState;

  async function whenSame(container: string, isSame: (series: Series) => boolean): Promise<void> {
    await waitFor(`the page to agree on ${container}`, async () => isSame(await daemon.metrics()));
  }

  it('agrees with the engine on every state, exit, restart and OOM kill', async () => {
    await create('crash-worker-gpu0-0', '--restart', 'on-failure:2', IMAGE, 'sh', '-c', 'exit 3');
    await create('ok-worker-gpu0-1', IMAGE, 'true');
    await create(
      'oom-worker-gpu0-2',
      '--memory',
      '24m',
      IMAGE,
      'sh',
      '-c',
      // Its own first process lives on for a moment: an engine may miss the kill of one that takes the container along.
      '(a=xxxxxxxx; while true; do a=$a$a; done); code=$?; sleep 1; exit $code',
    );
    await create('killed-worker-gpu0-3', IMAGE, 'sleep', '1000');
    await create('paused-worker-gpu0-4', IMAGE, 'sleep', '1000');
    await create('restarted-worker-gpu1-0', '--restart', 'always', IMAGE, 'sleep', '1000');
    await create(
      'sick-worker-gpu1-1',
      '--health-cmd',
      'false',
      '--health-interval',
      '1s',
      '--health-retries',
      '1',
      IMAGE,
      'sleep',
      '1000',
    );
    await create(
      'well-worker-gpu1-2',
      '--health-cmd',
      'true',
      '--health-interval',
      '1s',
      IMAGE,
      'sleep',
      '1000',
    );
    await engine.docker('create', '--network', 'none', '--name', 'created-worker-gpu1-3', IMAGE, 'true');
    await create('orchestrator-1', IMAGE, 'sleep', '1000');
    await create('my-rabbitmq', IMAGE, 'sleep', '1000');
    await create('unrelated', IMAGE, 'sleep', '1000');
    await engine.docker('kill', 'killed-worker-gpu0-3');
    await engine.docker('pause', 'paused-worker-gpu0-4');
    await engine.docker('restart', '-t', '0', 'restarted-worker-gpu1-0');

    await waitFor(
      'the engine to settle',
      async () => {
        const states = await Promise.all(
          ['crash-worker-gpu0-0', 'oom-worker-gpu0-2', 'sick-worker-gpu1-1', 'well-worker-gpu1-2'].map(
            inspectState,
          ),
        );
        return (
          states[0]?.Status === 'exited' &&
          states[1]?.Status === 'exited' &&
          states[2]?.Health?.Status === 'unhealthy' &&
          states[3]?.Health?.Status === 'healthy'
        );
      },
      30_000,
    );
    await whenSame(
      'the crash loop',
      (series) => value(series, 'restarts_total', 'crash-worker-gpu0-0', { cause: 'policy' }) === 2,
    );
    await whenSame(
      'health',
      (series) => value(series, 'health', 'well-worker-gpu1-2', { health: 'healthy' }) === 1,
    );

    const names = (await engine.docker('ps', '-a', '--format', '{{.Names}}')).split('\n');
    assert.equal(names.length, 12);
    const events = await eventsSoFar();
    const series = await waitFor(
      'the page to agree with the engine',
      async () => {
        const page = await daemon.metrics();
        for (const name of names) await assertAgrees(page, name, events);
        return page;
      },
      2000,
    );

    assert.equal(series.all('pipeline_container_info').length, 12, 'all, those of no role too');
    assert.equal(value(series, 'info', 'unrelated', { role: 'other' }), 1);
    assert.equal(value(series, 'oom_events_total', 'oom-worker-gpu0-2'), 1);
    assert.equal(value(series, 'exits_total', 'oom-worker-gpu0-2', { reason: 'oom' }), 1);
    assert.equal(value(series, 'exits_total', 'killed-worker-gpu0-3', { reason: 'signal' }), 1);
    assert.equal(value(series, 'restarts_total', 'restarted-worker-gpu1-0', { cause: 'other' }), 1);
    assert.equal(value(series, 'info', 'my-rabbitmq', { role: 'infrastructure' }), 1);
    assert.equal(
      value(series, 'info', 'crash-worker-gpu0-0', { role: 'worker', stage: 'crash-worker', gpu: '0' }),
      1,
    );
    assert.equal(await checkMetrics(await daemon.metricsText()), '');
  });

  function value(series: Series, fact: string, container: string, labels: Record<string, string> = {}) {
    return series.value(`pipeline_container_${fact}`, { container, ...labels });
  }

  async function eventsSoFar(): Promise<readonly EngineEventLine[]> {
    const now = String(Math.floor(Date.now() / 1000) + 1);
    const lines = await engine.docker(
      'events',
      '--since',
      '0',
      '--until',
      now,
      '--filter',
      'type=container',
      '--format',
      '{{json .}}',
    );
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EngineEventLine);
  }

  async function assertAgrees(
    series: Series,
    name: string,
    events: readonly EngineEventLine[],
  ): Promise<void> {
    const inspected = await engine.inspect(name);
    const state = inspected['State'] as InspectedState;
    assert.equal(value(series, 'state', name, { state: state.Status }), 1, `${name} is ${state.Status}`);
    const states = series
      .all('pipeline_container_state')
      .filter(({ labels }) => labels['container'] === name);
    assert.equal(
      states.reduce((sum, one) => sum + one.value, 0),
      1,
      `${name} has one state`,
    );
    assert.equal(
      value(series, 'restarts_total', name, { cause: 'policy' }),
      inspected['RestartCount'],
      `${name} restarts`,
    );
    const deaths = events.filter(
      ({ Action, Actor }) => Action === 'die' && Actor.Attributes['name'] === name,
    );
    const exits = series
      .all('pipeline_container_exits_total')
      .filter(({ labels }) => labels['container'] === name);
    assert.equal(
      exits.reduce((sum, one) => sum + one.value, 0),
      deaths.length,
      `${name} exits`,
    );
    const lastCode = deaths.at(-1)?.Actor.Attributes['exitCode'];
    assert.equal(
      value(series, 'last_exit_code', name),
      lastCode === undefined ? undefined : Number(lastCode),
      `${name} code`,
    );
    const started = state.StartedAt.startsWith('0001') ? undefined : Date.parse(state.StartedAt) / 1000;
    const shown = value(series, 'start_timestamp_seconds', name);
    assert.equal(
      shown === undefined ? undefined : Math.floor(shown),
      started === undefined ? undefined : Math.floor(started),
    );
    if (state.Health)
      assert.equal(value(series, 'health', name, { health: state.Health.Status }), 1, `${name} health`);
    else
      assert.equal(
        series.all('pipeline_container_health').some(({ labels }) => labels['container'] === name),
        false,
      );
  }

  it('shows a real Prometheus the same', async () => {
    const target = new URL(daemon.url).host;
    const prometheus = await startRealPrometheus(
      folder,
      `scrape_configs: [{job_name: stagewatch, scrape_interval: 1s, static_configs: [{targets: ["${target}"]}]}]\n`,
    );
    try {
      const restarts = await waitFor('a scrape', async () => {
        const result = await prometheus.query('pipeline_container_restarts_total{cause="policy"} > 0');
        return result.length > 0 ? result : undefined;
      });
      assert.deepEqual(
        restarts.map(({ metric, value: count }) => [metric['container'], metric['stage'], count]),
        [['crash-worker-gpu0-0', 'crash-worker', 2]],
      );
      const [up] = await prometheus.query('up{job="stagewatch"}');
      assert.equal(up?.value, 1);
    } finally {
      await prometheus.stop();
    }
  });

  it('drops a removed container at once and goes on counting when it is created again', async () => {
    await engine.docker('rm', '-f', 'crash-worker-gpu0-0');
    await waitFor(
      'the series to vanish',
      async () => {
        const series = await daemon.metrics();
        return value(series, 'info', 'crash-worker-gpu0-0') === undefined;
      },
      2000,
    );
    await create('crash-worker-gpu0-0', '--restart', 'on-failure:1', IMAGE, 'sh', '-c', 'exit 3');
    await whenSame(
      'restarts of both lives',
      (series) => value(series, 'restarts_total', 'crash-worker-gpu0-0', { cause: 'policy' }) === 3,
    );
    await whenSame(
      'exits of both lives',
      (series) => value(series, 'exits_total', 'crash-worker-gpu0-0', { reason: 'error' }) === 5,
    );
  });

  it('recovers by itself when the engine stops and starts, and keeps its counters', async () => {
    const before = await daemon.metrics();
    await engine.stop();
    await waitFor(
      'the gap to show',
      async () => (await daemon.metrics()).value('stagewatch_source_up', { source: 'docker' }) === 0,
    );
    const ready = await fetch(`${daemon.url}/-/ready`);
    assert.equal(ready.status, 200, 'a gap does not take readiness back');
    await engine.startAgain();
    await waitFor(
      'the source to be back',
      async () => (await daemon.metrics()).value('stagewatch_source_up', { source: 'docker' }) === 1,
      30_000,
    );
    const series = await daemon.metrics();
    for (const { labels, value: count } of before.all('pipeline_container_exits_total')) {
      const now = series.value('pipeline_container_exits_total', labels) ?? -1;
      assert.ok(
        now >= count,
        `exits of ${labels['container']} (${labels['reason']}) fell from ${count} to ${now}`,
      );
    }
    const policy = { cause: 'policy' };
    assert.equal(
      value(series, 'restarts_total', 'crash-worker-gpu0-0', policy),
      value(before, 'restarts_total', 'crash-worker-gpu0-0', policy),
    );
    assert.ok(daemon.log.some(({ msg }) => msg === 'source is down, retrying'));
    assert.ok(daemon.log.some(({ msg }) => msg === 'source is back'));
  });

  it('keeps up with 600 containers created and removed in a burst', async () => {
    const body = { Image: IMAGE, Cmd: ['true'] };
    const lanes = ['a', 'b', 'c', 'd'].map(async (lane) => {
      for (let index = 0; index < 150; index++) {
        const name = `burst-worker-${lane}-${index}`;
        const created = await engine.api.ask(`/containers/create?name=${name}`, 'POST', body);
        assert.equal(created.status, 201, created.text);
        assert.equal((await engine.api.ask(`/containers/${name}`, 'DELETE')).status, 204);
      }
    });
    await Promise.all(lanes);
    await waitFor('the burst to be over', async () => {
      const series = await daemon.metrics();
      return !series
        .all('pipeline_container_info')
        .some(({ labels }) => labels['container']?.startsWith('burst'));
    });
    await create('after-worker-gpu0-9', IMAGE, 'sleep', '100');
    await whenSame(
      'the next container',
      (series) => value(series, 'state', 'after-worker-gpu0-9', { state: 'running' }) === 1,
    );
  });

  it('stops within 5 seconds of SIGTERM and exits 0', async () => {
    const startedMs = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - startedMs < 5000);
    assert.equal(daemon.stderr(), '');
  });
});
