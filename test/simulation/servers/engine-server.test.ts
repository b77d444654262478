import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../../src/lib/clock.js';
import { type Surroundings, startSurroundings } from '../../../src/simulation/servers/surroundings.js';
import type { SimWorker } from '../../../src/simulation/world.js';
import { createEngineActions } from '../../../src/sources/docker/engine-actions.js';
import { createEngineClient, type EngineClient, type EngineEventLine } from '../../support/engine-client.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

describe('the simulated engine', () => {
  let surroundings: Surroundings;
  let engine: EngineClient;
  let socketPath: string;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({ after: (task: unknown) => cleanups.push(task as () => unknown) } as never);
    const options = {
      profile: '2gpu',
      seed: 1,
      speed: 1,
      listen: '127.0.0.1:0',
      isRecovering: false,
    } as const;
    surroundings = await startSurroundings({ ...options, folder });
    socketPath = surroundings.config.docker.host.slice('unix://'.length);
    engine = createEngineClient(socketPath);
  });

  after(async () => {
    await surroundings?.stop();
    for (const cleanup of cleanups) await cleanup();
  });

  /** Each test has workers of its own. */
  const taken = new Set<SimWorker>();
  function takeWorker(mode: SimWorker['mode']): SimWorker {
    const worker = [...surroundings.simulation.world.workers.values()].find(
      (one) => one.mode === mode && !taken.has(one),
    );
    if (!worker) throw new Error(`no worker is ${mode}`);
    taken.add(worker);
    return worker;
  }

  async function eventsOf(id: string, act: () => Promise<unknown>): Promise<readonly string[]> {
    const follower = await engine.followEvents();
    await act();
    const isEnd = ({ Actor, Action }: EngineEventLine): boolean => Actor.ID === id && Action === 'restart';
    await waitFor('the last event', () => follower.events.some(isEnd));
    follower.close();
    return follower.events
      .filter(({ Actor }) => Actor.ID === id)
      .map(({ Action, Actor: { Attributes } }) =>
        [Action, Attributes['signal'] ?? Attributes['exitCode']].filter(Boolean).join(' '),
      );
  }

  it('restarts a worker that hears SIGTERM at once, and says so in the engine’s order', async () => {
    const { container } = takeWorker('working');
    const startedAtMs = container.startedAtMs;
    const events = await eventsOf(container.id, async () => {
      assert.equal((await engine.ask(`/containers/${container.name}/restart?t=30`, 'POST')).status, 204);
    });
    assert.deepEqual(events, ['kill 15', 'die 143', 'stop', 'start', 'restart']);
    assert.ok(container.startedAtMs > startedAtMs);
    assert.equal(container.restartCount, 0, 'only the restart policy counts');
  });

  it('waits for one that is deaf for as long as it is told, then kills it; its message goes back', async () => {
    const worker = takeWorker('working');
    const document = worker.job?.message.document;
    surroundings.simulation.pipeline.hang(worker);
    const beganMs = performance.now();
    const events = await eventsOf(worker.container.id, () =>
      engine.ask(`/v1.41/containers/${worker.container.id}/restart?t=1`, 'POST'),
    );
    assert.ok(performance.now() - beganMs >= 1000);
    assert.deepEqual(events, ['kill 15', 'kill 9', 'die 137', 'stop', 'start', 'restart']);
    assert.notEqual(worker.mode, 'hung');
    const { ready } = surroundings.simulation.world.queues.get(worker.stage.id) ?? { ready: [] };
    const others = [...surroundings.simulation.world.workers.values()].map(
      ({ job }) => job?.message.document,
    );
    assert.ok([...ready.map((message) => message.document), ...others].includes(document));
  });

  it('stops, kills and starts, and says where there is nothing to do', async () => {
    const { container } = takeWorker('idle');
    const act = async (what: string) =>
      (await engine.ask(`/containers/${container.name}/${what}`, 'POST')).status;
    assert.equal(await act('start'), 304);
    assert.equal(await act('stop'), 204);
    assert.equal(await act('stop'), 304);
    assert.equal(await act('kill'), 409);
    assert.equal(await act('start'), 204);
    assert.equal(await act('kill?signal=SIGHUP'), 204);
    assert.equal(container.state, 'running');
    assert.equal(await act('kill'), 204);
    assert.equal(container.state, 'exited');
    assert.equal(container.exitCode, 137);
    assert.equal((await engine.ask('/containers/nobody/restart', 'POST')).status, 404);
  });

  it('tells logs, processes and state to what captures evidence', async () => {
    const { container } = takeWorker('working');
    const address = { target: 'simulated', socketPath, protocol: 'http', tls: {} } as const;
    const actions = createEngineActions({
      reader: address,
      restarter: address,
      clock: systemClock,
      timeLimitMs: 5000,
    });
    const seen = await actions.look(container.id);
    assert.equal(seen.kind, 'seen');
    if (seen.kind !== 'seen') return;
    const logs = await actions.logs(seen.look, { maxLines: 20, maxBytes: 65_536 });
    assert.equal(logs.kind, 'read');
    const lines = logs.kind === 'read' ? logs.value.lines : [];
    assert.ok(lines.length > 1 && lines.length <= 20, JSON.stringify(lines));
    assert.match(lines.at(-1)?.text ?? '', /PMC\d+/);
    const top = await actions.top(container.id);
    assert.match(JSON.stringify(top), /python -m/);
    assert.equal((await actions.look('nobody')).kind, 'gone');
  });

  it('frames a log, and cuts it as it is asked', async () => {
    const { container } = takeWorker('working');
    const lines = (await engine.ask(`/containers/${container.name}/logs?stdout=1&tail=0`)).body;
    assert.equal(lines.length, 0);
    const whole = (await engine.ask(`/containers/${container.name}/logs?stdout=1&stderr=1&timestamps=1`))
      .body;
    assert.equal(whole[0], 1, 'stdout');
    assert.equal(whole.readUInt32BE(4) + 8 <= whole.length, true);
    assert.match(whole.subarray(8, 40).toString(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /);
    assert.equal((await engine.ask(`/containers/${container.name}/logs`)).status, 400);
  });

  it('lists what filters ask for', async () => {
    const names = async (filters: object, more = '') => {
      const query = `filters=${encodeURIComponent(JSON.stringify(filters))}${more}`;
      const answer = await engine.ask(`/containers/json?${query}`);
      return (answer.json() as { Names: string[] }[]).map(({ Names }) => Names[0]);
    };
    assert.deepEqual(await names({ name: ['paddle-worker-gpu1-3'] }), ['/paddle-worker-gpu1-3']);
    assert.deepEqual(await names({ label: { 'com.docker.compose.service=rabbitmq': true } }), ['/rabbitmq']);
    assert.equal((await names({}, '&all=1')).length, 75);
    assert.equal((await names({ status: ['paused'] })).length, 0);
    assert.equal((await engine.ask('/containers/json?filters=%7B%22moon%22%3A%5B%5D%7D')).status, 400);
  });

  it('gives past events between two times, and ends there', async () => {
    const until = (Date.now() / 1000).toFixed(3);
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['die'] }));
    const past = await engine.ask(`/events?since=1&until=${until}&filters=${filters}`);
    const lines = past.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string });
    assert.ok(lines.length >= 2);
    assert.deepEqual([...new Set(lines.map(({ Action }) => Action))], ['die']);
    const nanos = [...past.text.matchAll(/"timeNano":(\d{19})/g)].map(([, text = '']) => BigInt(text));
    assert.equal(nanos.length, lines.length);
    assert.ok(nanos.every((nano, index) => index === 0 || nano > (nanos[index - 1] ?? 0n)));
  });

  it('refuses a version that it does not speak, and what it does not know', async () => {
    assert.equal((await engine.ask('/v1.42/containers/json')).status, 400);
    assert.match((await engine.ask('/v1.42/_ping')).text, /client version 1\.42 is too new/);
    assert.equal((await engine.ask('/v1.24/containers/json')).status, 200);
    assert.equal((await engine.ask('/swarm')).status, 404);
    assert.equal((await engine.ask('/_ping', 'HEAD')).headers['api-version'], '1.41');
  });
});
