/** On a real engine: a daemon killed at any step of a restart, and an engine that answers wrongly or never. No restart is doubled. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Meddle } from '../support/engine-proxy.js';
import { skipWithout } from '../support/machine.js';
import { type RealDocker, startRealDocker } from '../support/real-docker.js';
import { type RecoveryRig, withRecoveryRig } from '../support/recovery-rig.js';
import { waitFor } from '../support/wait-for.js';

const LIMIT_MS = 240_000;
const NEVER = (): Promise<never> => new Promise(() => undefined);

/** At which request the daemon is killed; the request itself gets no answer. */
const STEPS: readonly { readonly step: string; readonly isHere: (path: string, looks: number) => boolean }[] =
  [
    { step: 'the log is read', isHere: (path) => path.includes('/logs?') },
    { step: 'the processes are read', isHere: (path) => path.includes('/top') },
    // The first look is at what was planned, the second one the last before the engine is asked.
    {
      step: 'it is written down and looked at once more',
      isHere: (path, looks) => path.endsWith('/json') && looks === 2,
    },
    { step: 'the engine is about to be asked', isHere: (path) => path.includes('/restart') },
  ];

type Answer = (path: string, response: Parameters<Meddle>[1]) => boolean | Promise<boolean>;

function answerWith(status: number, message: string): Answer {
  return (_path, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ message }));
    return true;
  };
}

const ANSWERS: readonly { readonly what: string; readonly answer: Answer; readonly text: RegExp }[] = [
  { what: 'says 500', answer: answerWith(500, 'oh no'), text: /HTTP 500: oh no; it was not restarted/ },
  { what: 'says 409', answer: answerWith(409, 'in use'), text: /HTTP 409: in use; it was not restarted/ },
  { what: 'says 404', answer: answerWith(404, 'No such container: x'), text: /removed meanwhile/ },
  { what: 'never answers', answer: () => true, text: /did not answer: .*no answer within 30s/ },
];

describe('a daemon that is killed while a worker is restarted', {
  skip: skipWithout('docker', 'python'),
  concurrency: 5,
}, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

  for (const [index, { step, isHere }] of STEPS.entries()) {
    it(`when ${step}, restarts it once in its next life`, () =>
      withRecoveryRig(engine, async (rig) => {
        const name = `paddle-worker-gpu0-${index}`;
        await rig.start(name);
        await rig.begin(name, 'PMC1');
        const before = await rig.startedAt(name);
        const killed = killAt(rig, isHere);
        const proxy = await rig.startProxy(killed.meddle);
        await rig.serve({ docker: { host: proxy.host } });
        await killed.done;
        assert.equal(await rig.startedAt(name), before, 'nothing has happened yet');
        await rig.serve();
        await rig.whenStartedAgain(name, before, LIMIT_MS);
        await rig.begin(name, 'PMC1');
        await whenRecovered(rig);
        assert.equal(await rig.restartEvents(name), 1);
      }));
  }

  it('after the engine was asked, finds it done in its next life, and does not ask again', () =>
    withRecoveryRig(engine, async (rig) => {
      const name = 'paddle-worker-gpu0-9';
      await rig.start(name);
      await rig.begin(name, 'PMC1');
      const before = await rig.startedAt(name);
      const proxy = await rig.startProxy(async (path) => {
        if (!path.includes('/restart')) return false;
        await rig.killDaemon();
        await engine.docker('restart', '-t', '0', name);
        return true;
      });
      await rig.serve({ docker: { host: proxy.host } });
      await rig.whenStartedAgain(name, before, LIMIT_MS);
      await rig.begin(name, 'PMC1');
      await rig.serve();
      const done = await whenRecovered(rig);
      assert.equal(await rig.restartEvents(name), 1);
      const ends = (await rig.journal('restart_ended')).filter(({ incident }) => incident === done.incident);
      assert.equal(ends.length, 1);
    }));

  for (const [index, { what, answer, text }] of ANSWERS.entries()) {
    it(`an engine that ${what} is a restart that failed, and the container stays as it was`, () =>
      withRecoveryRig(engine, async (rig) => {
        const name = `paddle-worker-gpu1-${index}`;
        await rig.start(name);
        await rig.begin(name, 'PMC1');
        const before = await rig.startedAt(name);
        const restarter = await rig.startProxy((path, response) => {
          if (!path.startsWith('POST')) return answerWith(403, 'reads are not allowed')(path, response);
          return answer(path, response);
        });
        // Two proxies with least rights: one that reads, one that restarts.
        const reader = await rig.startProxy((path, response) => {
          if (path.startsWith('GET')) return false;
          return answerWith(403, 'only reads are allowed')(path, response);
        });
        await rig.serve({
          docker: { host: reader.host, restart_host: restarter.host },
          recovery: { container_budget: 1 },
        });
        const done = await waitFor(
          'the restart to fail',
          async () => (await rig.recovery()).recent[0],
          LIMIT_MS,
        );
        assert.equal(done.result, 'failed');
        assert.match(done.text, text);
        assert.equal(await rig.startedAt(name), before);
        await rig.whenFinding('RestartsExhausted', LIMIT_MS);
        assert.deepEqual(
          restarter.requests.filter((path) => path.includes('/restart')).length,
          1,
          'asked once',
        );
      }));
  }

  it('two proxies with least rights are enough, the container named by its name', () =>
    withRecoveryRig(engine, async (rig) => {
      const name = 'paddle-worker-gpu1-9';
      await rig.start(name);
      await rig.begin(name, 'PMC1');
      const before = await rig.startedAt(name);
      const restarter = await rig.startProxy((path, response) => {
        const isAllowed = /^POST \/containers\/paddle-worker-[^/]+\/restart\?t=0$/.test(path);
        return isAllowed ? false : answerWith(403, 'forbidden')(path, response);
      });
      const reader = await rig.startProxy((path, response) =>
        path.startsWith('GET') ? false : answerWith(403, 'forbidden')(path, response),
      );
      await rig.serve({
        docker: { host: reader.host, restart_host: restarter.host, restart_by: 'name' },
      });
      await rig.whenStartedAgain(name, before, LIMIT_MS);
      await rig.begin(name, 'PMC1');
      await whenRecovered(rig);
    }));
});

/** Kills the daemon at a step; the request under way is never answered. */
function killAt(rig: RecoveryRig, isHere: (path: string, looks: number) => boolean) {
  let looks = 0;
  let tell: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const meddle: Meddle = async (path, _response, request) => {
    // What only watches names the version that it speaks.
    if (/^\/v[\d.]+\//.test(request.url ?? '')) return false;
    if (path.endsWith('/json')) looks++;
    if (!isHere(path, looks)) return false;
    await rig.killDaemon();
    tell();
    return NEVER();
  };
  return { meddle, done };
}

async function whenRecovered(rig: RecoveryRig) {
  return waitFor(
    'the worker to have recovered',
    async () => (await rig.recovery()).recent.find(({ result }) => result === 'recovered'),
    LIMIT_MS,
  );
}
