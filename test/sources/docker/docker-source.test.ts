import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Container } from '../../../src/fleet/model.js';
import { systemClock } from '../../../src/lib/clock.js';
import { createDockerSource } from '../../../src/sources/docker/docker-source.js';
import type { Source } from '../../../src/sources/source.js';
import { type FakeEngine, inspected, sendJson, startFakeEngine } from '../../support/fake-engine.js';
import { createHastyClock } from '../../support/hasty-clock.js';
import { createSourceHarness, type SourceHarness } from '../../support/source-harness.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

const CONFIG = {
  request_timeout: 400,
  relist_interval: 60_000,
  inspect_concurrency: 4,
  cpu_interval: 10_000,
  cgroup_root: null,
};

describe('docker source, when the engine misbehaves', () => {
  let engine: FakeEngine;
  let harness: SourceHarness;
  let source: Source | undefined;

  beforeEach(async (test) => {
    engine = await startFakeEngine({ folder: await tempDir(test as never) });
    harness = createSourceHarness();
    engine.containers.set('aaa', { id: 'aaa', name: 'a-worker-gpu0-0', state: 'running' });
    engine.containers.set('bbb', { id: 'bbb', name: 'b-worker-gpu0-1', state: 'running' });
  });

  afterEach(async () => {
    await source?.stop();
    await engine.close();
  });

  function start(clock = systemClock, config = CONFIG): void {
    const address = {
      target: 'unix://engine',
      socketPath: engine.socketPath,
      protocol: 'http',
      tls: {},
    } as const;
    source = createDockerSource({ address, config }, { ...harness.context, clock });
    source.start();
  }

  const health = () => harness.fleet.sources.get('docker');
  const container = (name: string): Container | undefined => harness.fleet.containers.get(name);
  const whenUp = () => waitFor('the source to be up', () => health()?.isUp === true);
  const whenDown = () => waitFor('the source to be down', () => health()?.isUp === false);

  it('says that there is no socket, and what to do', async () => {
    await engine.close();
    start();
    await whenDown();
    assert.equal(health()?.failures.unreachable, 1);
    assert.match(
      health()?.problem ?? '',
      /no socket at unix:\/\/engine; is the Docker Engine running\? Set docker\.host/,
    );
  });

  for (const [name, aheadMs, words] of [
    ['5 hours ahead', 5 * 3_600_000, 'ahead of'],
    ['5 hours behind', -5 * 3_600_000, 'behind'],
  ] as const) {
    it(`dates by our clock what an engine says whose clock is ${name}, and says so once`, async () => {
      engine.clockAheadMs = aheadMs;
      const startedMs = Date.now() - 600_000;
      const startedAt = new Date(startedMs + aheadMs).toISOString();
      engine.containers.set('aaa', { id: 'aaa', name: 'a-worker-gpu0-0', state: 'running', startedAt });
      start();
      await whenUp();
      const shown = container('a-worker-gpu0-0');
      assert.ok(Math.abs((shown?.startedAtMs ?? 0) - startedMs) < 2500, `${shown?.startedAtMs}`);
      assert.equal(shown?.engineStartMs, Date.parse(startedAt));
      const diedMs = Date.now();
      engine.containers.set('aaa', {
        id: 'aaa',
        name: 'a-worker-gpu0-0',
        state: 'exited',
        startedAt,
        exitCode: 9,
      });
      engine.emit('aaa', 'die', { exitCode: '9' });
      await waitFor('the end', () => container('a-worker-gpu0-0')?.state === 'exited');
      assert.ok(Math.abs((container('a-worker-gpu0-0')?.lastEnd?.atMs ?? 0) - diedMs) < 2500);
      assert.match(
        health()?.warning ?? '',
        new RegExp(`^the clock of unix://engine is \\S+ ${words} the clock here`),
      );
      const told = harness.logLines.filter((line) => line.includes('the clock of'));
      assert.equal(told.length, 1);
    });
  }

  it('takes it in when the engine sets its clock right, and holds no restart against anybody', async () => {
    engine.clockAheadMs = 2 * 3_600_000;
    const startedAt = new Date(Date.now() + 2 * 3_600_000 - 600_000).toISOString();
    engine.containers.set('aaa', { id: 'aaa', name: 'a-worker-gpu0-0', state: 'running', startedAt });
    start(createHastyClock(4), { ...CONFIG, relist_interval: 1000 });
    await whenUp();
    const before = container('a-worker-gpu0-0')?.startedAtMs;
    engine.clockAheadMs = 0;
    await waitFor('the warning to be over', () => health()?.warning === undefined, 20_000);
    engine.emit('aaa', 'oom');
    await waitFor('the event', () => container('a-worker-gpu0-0')?.counters.oomEvents === 1);
    assert.equal(container('a-worker-gpu0-0')?.startedAtMs, before);
    assert.deepEqual(container('a-worker-gpu0-0')?.counters.restarts, { policy: 0, stagewatch: 0, other: 0 });
  });

  it('takes up again after the stream was cut, asks from where it ended, and counts nothing twice', async () => {
    start();
    await whenUp();
    engine.emit('aaa', 'oom');
    await waitFor('the event', () => container('a-worker-gpu0-0')?.counters.oomEvents === 1);
    engine.swallow('aaa', 'oom');
    engine.cutStreams();
    await waitFor('what came while it was cut', () => container('a-worker-gpu0-0')?.counters.oomEvents === 2);
    assert.ok(engine.requests.some((path) => /\/events\?since=\d+\.\d{9}&/.test(path)));
    await whenUp();
    assert.equal(health()?.failures.interrupted, 1);
  });

  it('notices a stream that has gone silent, and catches up', async () => {
    start(createHastyClock(15));
    await whenUp();
    await waitFor('a missed event to be found', () => {
      if (health()?.failures.interrupted === 0) engine.swallow('aaa', 'oom');
      return (container('a-worker-gpu0-0')?.counters.oomEvents ?? 0) > 0;
    });
    assert.match(harness.logLines.join(''), /the event stream went silent and missed \d+ events?/);
    await whenUp();
  });

  it('reads events that are split in mid-line', async () => {
    start();
    await whenUp();
    const line = `{"Type":"container","Action":"oom","Actor":{"ID":"aaa","Attributes":{}},"timeNano":${Date.now()}000001}\n`;
    engine.sendRaw(line.slice(0, 40));
    engine.sendRaw(line.slice(40, 90));
    engine.sendRaw(line.slice(90));
    await waitFor('the event', () => container('a-worker-gpu0-0')?.counters.oomEvents === 1);
  });

  it('survives garbage and a 10 MB line in the stream, lists again, and reads what follows', async () => {
    start(createHastyClock(4));
    await whenUp();
    const listsBefore = lists();
    engine.containers.set('ccc', { id: 'ccc', name: 'c-worker-gpu0-2', state: 'running' });
    engine.sendRaw('not json at all\n{"half":\n');
    engine.sendRaw(Buffer.alloc(10 * 1024 * 1024, 'x'));
    engine.sendRaw('\n');
    await waitFor('what the garbage hid', () => container('c-worker-gpu0-2') !== undefined);
    engine.emit('aaa', 'oom');
    await waitFor('the next event', () => container('a-worker-gpu0-0')?.counters.oomEvents === 1);
    assert.equal(health()?.isUp, true);
    assert.equal(health()?.failures.protocol, 3);
    assert.ok(lists() - listsBefore <= 2, 'one listing for many broken lines');
  });

  const lists = (): number => engine.requests.filter((path) => path.includes('/containers/json')).length;

  const broken: readonly [string, RegExp, FakeEngine['intercept']][] = [
    [
      'an answer cut off in mid-body',
      /the answer was cut off|aborted/,
      (path, _request, response) => {
        if (path !== '/containers/json') return false;
        response.writeHead(200, { 'content-length': '1000' });
        response.write('[{"Id":');
        setImmediate(() => response.destroy());
        return true;
      },
    ],
    [
      'an answer that is not JSON',
      /not JSON/,
      (path, _request, response) => {
        if (path !== '/containers/json') return false;
        response.end('<html>');
        return true;
      },
    ],
    [
      'a list that is no list',
      /not a list/,
      (path, _request, response) => {
        if (path !== '/containers/json') return false;
        sendJson(response, { a: 1 });
        return true;
      },
    ],
    ['an answer that never comes', /no answer within 400ms/, (path) => path === '/containers/json'],
    [
      'status 500',
      /HTTP 500: boom/,
      (path, _r, response) => {
        if (path !== '/containers/json') return false;
        response.writeHead(500).end('boom');
        return true;
      },
    ],
    [
      'a proxy that forbids',
      /HTTP 403; behind a socket proxy, allow CONTAINERS, EVENTS and PING/,
      (path, _r, response) => {
        if (path !== '/events') return false;
        response.writeHead(403).end();
        return true;
      },
    ],
    [
      'something that is no engine',
      /no Api-Version header/,
      (path, _r, response) => {
        if (path !== '/_ping') return false;
        response.removeHeader('Api-Version');
        response.end('hello');
        return true;
      },
    ],
  ];
  for (const [what, message, intercept] of broken) {
    it(`names ${what}, and recovers when that is over`, async () => {
      engine.intercept = intercept;
      start();
      await whenDown();
      assert.match(health()?.problem ?? '', message);
      engine.intercept = () => false;
      await whenUp();
      assert.equal(harness.fleet.containers.size, 2);
      assert.equal(health()?.problem, undefined);
    });
  }

  it('closes a stream of garbage, logs a few lines of it, and opens it again later', async () => {
    start();
    await whenUp();
    const garbage = Array.from({ length: 50_000 }, (_, line) => `garbage ${line}`).join('\n');
    engine.sendRaw(`${garbage}\n`);
    await whenDown();
    assert.match(health()?.problem ?? '', /nothing in the event stream can be read/);
    assert.equal(health()?.failures.protocol, 101, '100 lines, and the end of the stream');
    const lines = harness.logLines.filter((line) => line.includes('part of a read failed'));
    assert.equal(lines.length, 10);
    await waitFor('the source to be back', () => health()?.isUp === true, 10_000);
    assert.equal(engine.requests.filter((path) => /\/events\?(?!.*until)/.test(path)).length, 2);
  });

  it('closes a stream of bytes without lines', async () => {
    start();
    await whenUp();
    engine.sendRaw(Buffer.alloc(40 * 1024 * 1024, 'x'));
    await whenDown();
    assert.match(health()?.problem ?? '', /nothing in the event stream can be read/);
  });

  it('answers others while 50,000 events come at once, and misses none', async () => {
    start();
    await whenUp();
    let turns = 0;
    let isCounting = true;
    const count = (): void => {
      turns++;
      if (isCounting) setImmediate(count);
    };
    count();
    const event = (nano: number): string =>
      `{"Type":"container","Action":"oom","Actor":{"ID":"aaa"},"timeNano":1790000000${String(nano).padStart(9, '0')}}\n`;
    engine.sendRaw(Array.from({ length: 50_000 }, (_, nano) => event(nano)).join(''));
    await waitFor('all events', () => container('a-worker-gpu0-0')?.counters.oomEvents === 50_000, 30_000);
    isCounting = false;
    assert.ok(turns > 60, `the loop turned ${turns} times while 80 pieces were read`);
  });

  it('leaves out what is gone between list and inspect', async () => {
    engine.intercept = (path, _request, response) => {
      if (path !== '/containers/aaa/json') return false;
      response.statusCode = 404;
      sendJson(response, { message: 'No such container: aaa' });
      return true;
    };
    start();
    await whenUp();
    assert.deepEqual([...harness.fleet.containers.keys()], ['b-worker-gpu0-1']);
    assert.equal(health()?.failures.rejected, 0);
  });

  it('shows a container by its list entry while its inspect fails, stays up, and inspects it again', async () => {
    let isBroken = true;
    engine.intercept = (path, _request, response) => {
      if (path !== '/containers/aaa/json' || !isBroken) return false;
      response.writeHead(500).end('cannot');
      return true;
    };
    start(createHastyClock(20));
    await whenUp();
    assert.equal(container('a-worker-gpu0-0')?.state, 'running');
    assert.equal(health()?.failures.rejected, 1);
    engine.containers.set('aaa', { id: 'aaa', name: 'a-worker-gpu0-0', state: 'running', restartCount: 4 });
    isBroken = false;
    await waitFor(
      'the inspect to be tried again',
      () => container('a-worker-gpu0-0')?.counters.restarts.policy === 4,
    );
  });

  it('keeps a container whose inspect can no longer be read, and says that of it', async () => {
    let isBroken = false;
    engine.intercept = (path, _request, response) => {
      if (!isBroken || path !== '/containers/aaa/json') return false;
      sendJson(response, { Id: 'aaa', Name: '/a-worker-gpu0-0', Config: {}, State: {} });
      return true;
    };
    start();
    await whenUp();
    const { startedAtMs } = container('a-worker-gpu0-0') ?? {};
    isBroken = true;
    engine.emit('aaa', 'unpause');
    await waitFor('the answer to be known as unreadable', () => container('a-worker-gpu0-0')?.unreadable);
    assert.match(
      container('a-worker-gpu0-0')?.unreadable ?? '',
      /\(a-worker-gpu0-0\) has an unexpected shape/,
    );
    assert.equal(container('a-worker-gpu0-0')?.startedAtMs, startedAtMs);
    isBroken = false;
    engine.emit('aaa', 'unpause');
    await waitFor(
      'the container to be readable again',
      () => container('a-worker-gpu0-0') && container('a-worker-gpu0-0')?.unreadable === undefined,
    );
  });

  it('leaves out one container of unexpected shape and shows the others', async () => {
    engine.intercept = (path, _request, response) => {
      if (path !== '/containers/aaa/json') return false;
      sendJson(response, { ...inspected({ id: 'aaa', name: 'a', state: 'running' }), State: 'gone' });
      return true;
    };
    start();
    await whenUp();
    assert.equal(container('b-worker-gpu0-1')?.state, 'running');
    assert.equal(health()?.failures.protocol, 1);
    assert.match(harness.logLines.join(''), /unexpected shape at State/);
  });

  it('gives up on an engine whose inspects do not answer, before it has tried them all', async () => {
    for (let i = 0; i < 100; i++)
      engine.containers.set(`x${i}`, { id: `x${i}`, name: `x-worker-gpu0-${i}`, state: 'running' });
    engine.intercept = (path) => /^\/containers\/.+\/json$/.test(path);
    start();
    await whenDown();
    assert.match(health()?.problem ?? '', /no answer within/);
    assert.ok(engine.requests.filter((path) => path.endsWith('/json')).length < 20);
  });

  it('never brings back a container that was destroyed while its inspect was under way', async () => {
    start();
    await whenUp();
    let release = (): void => undefined;
    engine.intercept = (path, _request, response) => {
      if (path !== '/containers/aaa/json') return false;
      const body = inspected({ id: 'aaa', name: 'a-worker-gpu0-0', state: 'running' });
      release = () => sendJson(response, body);
      return true;
    };
    engine.emit('aaa', 'unpause');
    await waitFor(
      'the inspect to be asked for',
      () => release.name !== '' && engine.requests.filter((path) => path.includes('/aaa/')).length >= 2,
    );
    engine.containers.delete('aaa');
    engine.emit('aaa', 'destroy');
    await waitFor('it to vanish', () => container('a-worker-gpu0-0') === undefined);
    release();
    engine.emit('bbb', 'oom');
    await waitFor('a later event', () => container('b-worker-gpu0-1')?.counters.oomEvents === 1);
    assert.equal(container('a-worker-gpu0-0'), undefined);
  });

  it('inspects a container once for a hundred events', async () => {
    start();
    await whenUp();
    const before = engine.requests.length;
    for (let i = 0; i < 100; i++) engine.emit('aaa', 'health_status: healthy');
    engine.emit('bbb', 'oom');
    await waitFor('the last event', () => container('b-worker-gpu0-1')?.counters.oomEvents === 1);
    const inspects = (): number =>
      engine.requests.slice(before).filter((path) => path.includes('/aaa/')).length;
    await waitFor('an inspect', () => inspects() > 0);
    assert.equal(inspects(), 1);
  });

  it('inspects nothing for a health check of Podman that changes nothing', async () => {
    const given = engine.containers.get('aaa');
    assert.ok(given);
    given.health = 'healthy';
    start();
    await whenUp();
    const before = engine.requests.length;
    const inspects = (id = 'aaa'): number =>
      engine.requests.slice(before).filter((path) => path.includes(`/${id}/`)).length;
    for (let i = 0; i < 20; i++) engine.emit('aaa', 'health_status', {}, { HealthStatus: 'healthy' });
    engine.emit('bbb', 'oom');
    // An inspect comes half a second after the one before; one of the first container would come first.
    await waitFor('an inspect of the other', () => inspects('bbb') > 0);
    assert.equal(inspects(), 0);
    given.health = 'unhealthy';
    engine.emit('aaa', 'health_status', {}, { HealthStatus: 'unhealthy' });
    await waitFor('the change', () => container('a-worker-gpu0-0')?.health === 'unhealthy');
    assert.equal(inspects(), 1);
  });

  it('asks in the newest version that both know', async () => {
    engine.apiVersion = '1.99';
    start();
    await whenUp();
    assert.ok(engine.requests.some((path) => path.startsWith('/v1.47/containers/json')));
  });

  it('refuses an engine that is too old, by name', async () => {
    engine.apiVersion = '1.23';
    start();
    await whenDown();
    assert.match(health()?.problem ?? '', /speaks API 1\.23; at least 1\.24 is needed/);
  });

  it('lists no more once it was stopped, however often the stream was cut before', async () => {
    start(createHastyClock(10), { ...CONFIG, relist_interval: 1000 });
    await whenUp();
    let release: (() => void)[] = [];
    for (let cut = 1; cut <= 3; cut++) {
      // The cut comes while a list waits for its inspects.
      engine.intercept = (path, _request, response) => {
        if (!path.startsWith('/containers/aaa/')) return false;
        release.push(() =>
          sendJson(response, inspected({ id: 'aaa', name: 'a-worker-gpu0-0', state: 'running' })),
        );
        return true;
      };
      engine.emit('aaa', 'unpause');
      await waitFor('an inspect under way', () => release.length > 0);
      engine.intercept = () => false;
      engine.cutStreams();
      for (const answer of release) answer();
      release = [];
      await waitFor(
        'the source to be back',
        () => health()?.failures.interrupted === cut && health()?.isUp === true,
      );
    }
    const before = lists();
    await waitFor('some more lists', () => lists() >= before + 5);
    await source?.stop();
    const stopped = lists();
    // Time enough for many lists, told by a clock of the test's own.
    const startedMs = performance.now();
    await waitFor('half a second', () => performance.now() - startedMs > 500);
    assert.equal(lists(), stopped);
  });

  it('stops at once while an answer is outstanding', async () => {
    engine.intercept = (path) => path === '/containers/json';
    start();
    await waitFor('the list to be asked for', () => lists() > 0);
    const startedMs = performance.now();
    await source?.stop();
    assert.ok(performance.now() - startedMs < 1000);
    await waitFor('the stream to be closed', () => engine.openStreams === 0);
  });
});
