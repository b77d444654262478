import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../../src/lib/clock.js';
import { createEngineActions, type EngineActions } from '../../../src/sources/docker/engine-actions.js';
import { PS_ARGS } from '../../../src/sources/docker/processes/process-table.js';
import { type FakeEngine, sendJson, startFakeEngine } from '../../support/fake-engine.js';
import { tempDir } from '../../support/temp-dir.js';

const ID = 'c0ffee';
const TIMES = { stopTimeoutMs: 1500, limitMs: 300 };

describe('asking an engine about one container', () => {
  let engine: FakeEngine;
  let actions: EngineActions;
  let folder: string;
  const cleanups: (() => unknown)[] = [];
  let asked: string[] = [];

  before(async () => {
    folder = await tempDir({ after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never);
    engine = await startFakeEngine({ folder });
    engine.containers.set(ID, {
      id: ID,
      name: 'paddle-worker-gpu0-0',
      state: 'running',
      startedAt: '2025-11-23T12:13:20.5Z',
    });
    actions = actionsAt(engine.socketPath);
  });
  beforeEach(() => {
    asked = [];
    engine.intercept = () => false;
  });
  after(async () => {
    await engine.close();
    for (const task of cleanups) await task();
  });

  function actionsAt(socketPath: string): EngineActions {
    const address = { target: `unix://${socketPath}`, socketPath, protocol: 'http', tls: {} } as const;
    return createEngineActions({ reader: address, restarter: address, clock: systemClock, timeLimitMs: 300 });
  }

  function answerWith(status: number, body: unknown): void {
    engine.intercept = (_path, request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.statusCode = status;
      if (status === 204) response.end();
      else sendJson(response, body);
      return true;
    };
  }

  it('tells of it without environment and arguments', async () => {
    const answer = await actions.look(ID);
    assert.ok(answer.kind === 'seen');
    assert.equal(answer.look.startedAtMs, Date.parse('2025-11-23T12:13:20.5Z'));
    assert.ok(Math.abs(answer.look.clockAheadMs) < 5000);
    assert.deepEqual(Object.keys(answer.look.facts).includes('Config'), false);
  });

  it('tells that it is gone', async () => {
    assert.deepEqual(await actions.look('nobody'), { kind: 'gone' });
  });

  it('asks for a restart once, with whole seconds and without a body', async () => {
    answerWith(204, undefined);
    assert.deepEqual(await actions.restart(ID, TIMES), { kind: 'done' });
    assert.deepEqual(asked, [`POST /containers/${ID}/restart?t=2`]);
  });

  for (const [status, message, expected] of [
    [404, 'No such container: c0ffee', { kind: 'gone' }],
    [409, 'is being removed', { kind: 'rejected', status: 409, problem: 'HTTP 409: is being removed' }],
    [500, 'no such device', { kind: 'rejected', status: 500, problem: 'HTTP 500: no such device' }],
    [
      403,
      'Forbidden',
      {
        kind: 'rejected',
        status: 403,
        problem: 'HTTP 403: Forbidden; a socket proxy must allow POST /containers/…/restart',
      },
    ],
  ] as const) {
    it(`tells what ${status} means, and does not ask again`, async () => {
      answerWith(status, { message });
      assert.deepEqual(await actions.restart(ID, TIMES), expected);
      assert.equal(asked.length, 1);
    });
  }

  it('does not know what came of a restart that is never answered, or whose answer is cut off', async () => {
    engine.intercept = () => true;
    const silent = await actions.restart(ID, TIMES);
    assert.equal(silent.kind, 'unanswered');
    engine.intercept = (_path, request) => {
      asked.push(request.method ?? '');
      request.socket.destroy();
      return true;
    };
    assert.equal((await actions.restart(ID, TIMES)).kind, 'unanswered');
    assert.deepEqual(asked, ['POST'], 'a connection that breaks is no reason to ask twice');
  });

  it('knows that nothing was asked where nobody listens', async () => {
    const nowhere = actionsAt(join(folder, 'nowhere.sock'));
    assert.equal((await nowhere.restart(ID, TIMES)).kind, 'not_sent');
    assert.equal((await nowhere.look(ID)).kind, 'failed');
  });

  it('tells apart an engine that cannot tell the log, and one that does not answer', async () => {
    const { look } = (await actions.look(ID)) as Extract<
      Awaited<ReturnType<EngineActions['look']>>,
      { kind: 'seen' }
    >;
    const bounds = { maxLines: 3, maxBytes: 1000 };
    answerWith(501, { message: 'configured logging driver does not support reading' });
    const untold = await actions.logs(look, bounds);
    assert.deepEqual(untold, {
      kind: 'untold',
      problem: 'HTTP 501: configured logging driver does not support reading',
    });
    engine.intercept = () => true;
    assert.equal((await actions.logs(look, bounds)).kind, 'failed');
  });

  it('asks what each process does, and for the usual columns where there are no others', async () => {
    const asked: string[] = [];
    engine.intercept = (_path, request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://engine');
      const columns = searchParams.get('ps_args');
      asked.push(columns ?? 'none');
      response.statusCode = columns === null ? 200 : 500;
      response.end(JSON.stringify({ message: 'ps: bad -o argument', Titles: ['PID'], Processes: [['1']] }));
      return true;
    };
    assert.deepEqual(await actions.top(ID), { kind: 'read', value: { titles: ['PID'], rows: [['1']] } });
    assert.deepEqual(asked, [PS_ARGS, 'none']);
  });

  it('asks for the columns of Podman 4 where the answer is empty', async () => {
    const asked: (string | null)[] = [];
    engine.intercept = (_path, request, response) => {
      const columns = new URL(request.url ?? '', 'http://engine').searchParams.get('ps_args');
      asked.push(columns);
      response.end(
        asked.length === 1 ? '' : JSON.stringify({ Titles: ['HPID', 'STATE'], Processes: [['7', 'S']] }),
      );
      return true;
    };
    const value = { titles: ['HPID', 'STATE'], rows: [['7', 'S']] };
    assert.deepEqual(await actions.top(ID), { kind: 'read', value });
    assert.deepEqual(asked, [PS_ARGS, 'hpid,ppid,state,etime,args']);
  });

  it('reads the processes', async () => {
    answerWith(200, { Titles: ['PID', 'CMD'], Processes: [['1', 'sh']] });
    assert.deepEqual(await actions.top(ID), {
      kind: 'read',
      value: { titles: ['PID', 'CMD'], rows: [['1', 'sh']] },
    });
    answerWith(200, { Titles: 5 });
    assert.equal((await actions.top(ID)).kind, 'failed');
  });
});
