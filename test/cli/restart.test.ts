import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommandLine } from '../../src/cli/program.js';
import { createLogger } from '../../src/lib/logger.js';
import type { HandAnswer, HandRequest } from '../../src/recovery/recovery.js';
import { createHttpServer, type HttpServer } from '../../src/views/http-server.js';
import { fleetOf, NOW_MS } from '../support/build-fleet.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_RECOVERY } from '../support/no-recovery.js';
import { NO_VERDICTS } from '../support/no-verdicts.js';
import { openDoor } from '../support/open-door.js';
import { createRecoveryScene } from '../support/recovery-scene.js';
import { tempDir } from '../support/temp-dir.js';

const W = 'paddle-worker-gpu0-0';

describe('stagewatch restart', () => {
  let server: HttpServer;
  let url: string;
  let token: string | null = 'right';
  let asked: HandRequest[] = [];
  let answer: HandAnswer | undefined;
  let tokenFile: string;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({
      after: (task?: unknown) => void cleanups.push(task as () => unknown),
    } as never);
    tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'right\n');
    server = createHttpServer({
      fleet: fleetOf().fleet,
      verdicts: () => NO_VERDICTS,
      journal: { newest: () => [] },
      recovery: {
        ...NO_RECOVERY,
        restartByHand(request) {
          asked.push(request);
          return Promise.resolve(answer);
        },
      },
      clock: createFakeClock(NOW_MS),
      log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
      version: '1.2.3',
      metrics: { contentType: 'text/plain', render: () => Promise.resolve(Buffer.from('')) },
      ...openDoor(() => token),
      reload: () => Promise.resolve({}),
    });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${port}`;
  });

  after(async () => {
    await server.close();
    for (const task of cleanups) await task();
  });

  async function run(...args: readonly string[]) {
    let out = '';
    let err = '';
    const code = await runCommandLine(['restart', ...args], {
      env: { USER: 'ada', STAGEWATCH_URL: url },
      version: '',
      isTerminal: false,
      write(text) {
        out += text;
      },
      writeError(text) {
        err += text;
      },
      onSignal: () => undefined,
    } as Parameters<typeof runCommandLine>[1]);
    return { code, out, err };
  }

  function planOf(force: boolean): HandAnswer {
    const scene = createRecoveryScene();
    scene.work(W);
    scene.fleet.judgeFor(30);
    const plan = scene.byHand(W, force);
    if (!plan) throw new Error('no plan');
    return { plan, text: plan.text };
  }

  it('prints nothing that a terminal obeys, whatever a document is called', async () => {
    const { plan } = planOf(true);
    const cost = { text: 'its job on PMC\u001b[2J\u001b]0;x\u0007', lostMs: 1, runningMs: 1 };
    for (const result of ['started', 'dry_run', 'failed'] as const) {
      answer = { plan: { ...plan, cost }, result, text: 'of PMC\u001b[2J' };
      const { out, err } = await run(W, '--token-file', tokenFile);
      assert.match(out + err, /PMC/);
      assert.equal(`${out}${err}`.includes('\u001b'), false, result);
    }
  });

  it('says who asked and why, and shows cost and evidence of what was done', async () => {
    asked = [];
    answer = { ...planOf(true), result: 'started', text: 'it was restarted', evidence: 'evidence/x' };
    const { code, out } = await run(W, '--force', '--why', 'it hangs', '--token-file', tokenFile);
    assert.equal(code, 0);
    assert.match(
      out,
      /^paddle-worker-gpu0-0: it was restarted\n {2}cost: its job on .*\n {2}evidence: evidence\/x/,
    );
    const [request] = asked;
    assert.deepEqual([request?.container, request?.isForced, request?.isDryRun], [W, true, false]);
    assert.match(request?.by ?? '', /^ada@/);
    assert.equal(request?.why, 'it hangs');
  });

  it('exits with 1 when it is refused, and says what would lift it', async () => {
    answer = planOf(false);
    const { code, err } = await run(W, '--token-file', tokenFile);
    assert.equal(code, 1);
    assert.match(err, /not restarted \(refuse, not_stuck\): it is not stuck: active/);
    assert.match(err, /--force restarts it all the same/);
  });

  it('exits with 1 when nobody is called that', async () => {
    answer = undefined;
    const { code, err } = await run('nobody', '--token-file', tokenFile);
    assert.deepEqual([code, err], [1, "stagewatch: no worker's container is called nobody\n"]);
  });

  it('needs a token, and the right one', async () => {
    answer = undefined;
    assert.match((await run(W)).err, /this needs the daemon's token, .*: name its file with --token-file/);
    token = 'other';
    assert.match((await run(W, '--token-file', tokenFile)).err, /token is missing or wrong/);
    token = null;
    assert.match((await run(W, '--token-file', tokenFile)).err, /no token is configured/);
    token = 'right';
  });

  it('says that nothing listens', async () => {
    const { code, err } = await run(W, '--url', 'http://127.0.0.1:9', '--token-file', tokenFile);
    assert.equal(code, 1);
    assert.match(err, /cannot reach the daemon at http:\/\/127\.0\.0\.1:9/);
  });

  for (const [what, body, problem] of [
    ['a body that is no JSON', '{', /expected JSON of at most 16kb/],
    ['a body that is too large', `{"why": "${'x'.repeat(20_000)}"}`, /expected JSON of at most 16kb/],
    ['a body that is no object', '[]', /expected a JSON object/],
    ['a field it does not know', '{"forse": true}', /unknown field forse; known: dryRun, force, by, why/],
    ['a field of another kind', '{"force": "yes"}', /force: expected a boolean/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const before = asked.length;
      const response = await fetch(`${url}/api/v1/containers/${W}/restart`, {
        method: 'POST',
        headers: { authorization: 'Bearer right', 'content-type': 'application/json' },
        body,
      });
      assert.equal(response.status, 400);
      assert.match(((await response.json()) as { error: string }).error, problem);
      assert.equal(asked.length, before);
    });
  }

  it('takes a POST without a body, which names nobody', async () => {
    answer = planOf(false);
    const headers = { authorization: 'Bearer right' };
    const response = await fetch(`${url}/api/v1/containers/${W}/restart`, { method: 'POST', headers });
    assert.equal(response.status, 200);
    assert.equal(asked.at(-1)?.by, 'somebody through the API');
  });

  it('shows recovery as JSON', async () => {
    const response = await fetch(`${url}/api/v1/recovery`);
    const { data } = (await response.json()) as { data: Record<string, unknown> };
    assert.deepEqual(data, {
      enabled: false,
      dryRun: true,
      fleetBudget: { remaining: 20, max: 20, windowMs: 3_600_000 },
      inFlight: [],
      workers: [],
      recent: [],
      stages: [],
    });
  });
});
