/** What the simulated engine answers has the form of what a real one answers, wherever stagewatch reads it. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Surroundings, startSurroundings } from '../../src/simulation/servers/surroundings.js';
import { createEngineClient, type EngineClient } from '../support/engine-client.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const LISTED = ['Id', 'Names', 'Names.0', 'Image', 'Created', 'State', 'Status', 'Labels'];
const INSPECTED = [
  'Id',
  'Name',
  'Created',
  'RestartCount',
  'State.Status',
  'State.Running',
  'State.OOMKilled',
  'State.ExitCode',
  'State.Error',
  'State.Pid',
  'State.StartedAt',
  'State.FinishedAt',
  'HostConfig.RestartPolicy.Name',
  'HostConfig.CgroupParent',
  'HostConfig.Runtime',
  'Config.Image',
  'Config.Tty',
  'Config.Env',
  'Config.Labels',
];
const STATS = ['read', 'cpu_stats.cpu_usage.total_usage'];
const TOP = ['Titles', 'Titles.0', 'Processes', 'Processes.0', 'Processes.0.0'];
const VERSION = ['Version', 'ApiVersion', 'MinAPIVersion', 'Os', 'Arch'];

/** A word for what kind of value it is: two of one form are read alike. */
function formOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'string') return typeof value;
  if (value.startsWith('0001-01-01T00:00:00')) return 'never';
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/.test(value)) return 'time';
  if (/^[0-9a-f]{64}$/.test(value)) return 'id';
  if (value.startsWith('/')) return 'name with slash';
  if (/^Up /.test(value)) return 'up';
  return /^Exited \(\d+\) .* ago$/.test(value) ? 'exited' : 'text';
}

function forms(answer: unknown, paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    paths.map((path) => {
      const value = path
        .split('.')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], answer);
      return [path, formOf(value)];
    }),
  );
}

interface Engine {
  readonly client: EngineClient;
  /** Names of two containers. */
  readonly running: string;
  readonly exited: string;
}

describe('the simulated engine beside a real one', { skip: skipWithout('docker') }, () => {
  let real: RealDocker;
  let surroundings: Surroundings;
  let engines: readonly [Engine, Engine];
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({ after: (task: unknown) => cleanups.push(task as () => unknown) } as never);
    real = await startRealDocker();
    const args = ['run', '-d', '--network', 'none', '--label', 'a=b', '--env', 'A=b'];
    const command = [
      IMAGE,
      'sh',
      '-c',
      'echo out; echo err >&2; trap "exit 0" TERM; while :; do sleep 0.1; done',
    ];
    await real.docker(...args, '--restart', 'unless-stopped', '--name', 'worker-1', ...command);
    await real.docker(...args, '--name', 'worker-2', IMAGE, 'sh', '-c', 'exit 3');
    await waitFor('the second to end', async () => (await real.inspect('worker-2'))['State'] !== undefined);
    const options = {
      profile: '2gpu',
      seed: 1,
      speed: 20,
      listen: '127.0.0.1:0',
      isRecovering: false,
    } as const;
    surroundings = await startSurroundings({ ...options, folder });
    const simulated = createEngineClient(surroundings.config.docker.host.slice('unix://'.length));
    await simulated.ask('/containers/grobid/stop', 'POST');
    engines = [
      { client: createEngineClient(real.socketPath), running: 'worker-1', exited: 'worker-2' },
      { client: simulated, running: 'spine-worker-gpu0-0', exited: 'grobid' },
    ];
  });

  after(async () => {
    await surroundings?.stop();
    await real?.dispose();
    for (const cleanup of cleanups) await cleanup();
  });

  async function both<T>(ask: (engine: Engine) => Promise<T>): Promise<void> {
    const [ofReal, ofSimulated] = [await ask(engines[0]), await ask(engines[1])];
    assert.deepEqual(ofSimulated, ofReal);
  }

  it('lists, inspects and tells versions in the same form', async () => {
    await both(async ({ client }) => forms((await client.ask('/version')).json(), VERSION));
    await both(async ({ client }) => (await client.ask('/_ping')).text);
    for (const which of ['running', 'exited'] as const) {
      await both(async (engine) => {
        const filters = encodeURIComponent(JSON.stringify({ name: [engine[which]] }));
        const listed = await engine.client.ask(`/containers/json?all=1&filters=${filters}`);
        return forms((listed.json() as unknown[])[0], LISTED);
      });
      await both(async (engine) =>
        forms(
          (await engine.client.ask(`/containers/${engine[which]}/json`)).json(),
          INSPECTED.filter((path) => which === 'running' || path !== 'State.FinishedAt'),
        ),
      );
    }
  });

  it('tells of CPU time, processes and logs in the same form', async () => {
    for (const which of ['running', 'exited'] as const) {
      await both(async (engine) => {
        const path = `/containers/${engine[which]}/stats?stream=false&one-shot=true`;
        return forms((await engine.client.ask(path)).json(), STATS);
      });
    }
    await both(async ({ client, running }) =>
      forms((await client.ask(`/containers/${running}/top`)).json(), TOP),
    );
    await both(async ({ client, running }) => {
      const { body } = await client.ask(`/containers/${running}/logs?stdout=1&stderr=1&timestamps=1&tail=1`);
      const isFramed = body.readUInt32BE(4) === body.length - 8;
      return [isFramed, formOf(body.subarray(8).toString().split(' ')[0])];
    });
  });

  it('answers with the same status', async () => {
    for (const [method, path] of [
      ['POST', (engine: Engine) => `/containers/${engine.running}/start`],
      ['POST', (engine: Engine) => `/containers/${engine.exited}/stop`],
      ['POST', (engine: Engine) => `/containers/${engine.exited}/kill`],
      ['POST', () => '/containers/nobody/restart'],
      ['GET', () => '/containers/nobody/json'],
      ['GET', () => '/v1.99/containers/json'],
      ['GET', (engine: Engine) => `/containers/${engine.running}/logs`],
      ['GET', () => '/containers/json?filters=%7B%22moon%22%3A%5B%22x%22%5D%7D'],
      ['GET', () => '/nowhere'],
    ] as const) {
      await both(async (engine) => [
        path(engines[0]),
        (await engine.client.ask(path(engine), method)).status,
      ]);
    }
  });

  it('tells of a restart by the same events in the same order', async () => {
    await both(async ({ client, running }) => {
      const follower = await client.followEvents();
      assert.equal((await client.ask(`/containers/${running}/restart?t=5`, 'POST')).status, 204);
      await waitFor('the restart', () => follower.events.some(({ Action }) => Action === 'restart'));
      follower.close();
      const own = follower.events.filter(({ Actor }) => Actor.Attributes['name'] === running);
      const names = own.map(({ Action }) => Action);
      // Engines of our days tell of the end and of the stop that led to it in either order.
      const stop = names.indexOf('stop');
      const inOrder =
        names[stop + 1] === 'die' ? own.toSpliced(stop, 2, ...own.slice(stop, stop + 2).toReversed()) : own;
      return inOrder.map((event) => [
        event.Action,
        event.Actor.Attributes['signal'],
        forms(event, ['Actor.ID', 'time', 'timeNano']),
      ]);
    });
  });
});
