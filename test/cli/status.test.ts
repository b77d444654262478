import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { CommandContext } from '../../src/cli/command-context.js';
import { runCommandLine } from '../../src/cli/program.js';
import { serveApi } from '../support/fleet-server.js';
import { freePort } from '../support/free-port.js';

const AT = '2026-01-01T00:00:00.000Z';
const WELL = {
  at: AT,
  containers: [{ container: 'w', role: 'worker', state: 'running', startedAt: AT }],
  workers: [{ container: 'w', stage: 'G1', status: 'active' }],
  findings: [],
};
const finding = (severity: string) => ({
  id: `WorkerStuck:w ${severity}`,
  kind: 'WorkerStuck',
  severity,
  container: 'w',
  summary: 'no progress',
});

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let stdout = '';
  let stderr = '';
  const context: CommandContext = {
    env,
    version: '0',
    isTerminal: false,
    write: (text) => (stdout += text),
    writeError: (text) => (stderr += text),
    onSignal: () => undefined,
  };
  const code = await runCommandLine(['status', ...args], context);
  return { code, stdout, stderr };
}

const serve = (test: TestContext, fleet: unknown) => serveApi(test, { '/api/v1/fleet': fleet });

describe('stagewatch status', () => {
  for (const [what, findings, code] of [
    ['0 when all is well', [], 0],
    ['0 when there are only notes', [finding('info')], 0],
    ['1 when there is a warning', [finding('warning')], 1],
    ['1 when there is something critical', [finding('critical')], 1],
  ] as const) {
    it(`ends with ${what}`, async (test) => {
      const url = await serve(test, { ...WELL, findings });
      const result = await run(['--url', url]);
      assert.equal(result.code, code);
      assert.match(result.stdout, code === 0 ? /^● All well/ : /^[▲◆] 1 problem: w stuck/);
      assert.equal(result.stderr, '');
    });
  }

  it('ends with 1 when no worker is known, or most cannot be judged', async (test) => {
    const unjudged = { container: 'w', status: 'unknown', reason: 'progress is stale' };
    for (const [workers, said] of [
      [[], /No problem is known, and the one container is not known as a worker/],
      [[unjudged], /No problem is known, but 1 of 1 worker cannot be judged: progress is stale/],
    ] as const) {
      const { code, stdout } = await run(['--url', await serve(test, { ...WELL, workers })]);
      assert.equal(code, 1);
      assert.match(stdout, said);
    }
  });

  it('ends with 2 when there is no such stage or GPU, naming those that there are', async (test) => {
    const url = await serve(test, { ...WELL, stages: [{ id: 'G1' }], findings: [finding('warning')] });
    const stage = await run(['--url', url, '--stage', 'G7']);
    assert.deepEqual([stage.code, stage.stdout], [2, '']);
    assert.equal(stage.stderr, 'stagewatch: there is no stage G7; there are G1\n');
    const gpu = await run(['--url', url, '--gpu', '7']);
    assert.deepEqual([gpu.code, gpu.stderr], [2, 'stagewatch: there is no GPU 7; there are none known\n']);
    assert.match((await run(['--url', url, '--stage', 'g1'])).stdout, /shown: stage g1/);
  });

  it('does not say no problems of a part as if it were of all', async (test) => {
    const url = await serve(test, { ...WELL, stages: [{ id: 'G1' }], findings: [finding('warning')] });
    const { stdout, code } = await run(['--url', url, '--stage', 'G1', '--filter', 'nobody']);
    assert.match(stdout, /No problems of what is shown; 1 in all\./);
    assert.equal(code, 1);
  });

  it('ends with 3 when nothing listens, naming the URL and what to do, without the password', async () => {
    const port = await freePort();
    const { code, stderr } = await run(['--url', `http://me:secret@127.0.0.1:${port}`]);
    assert.equal(code, 3);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}: nothing listens there; start it with`));
    assert.doesNotMatch(stderr, /secret/);
  });

  it('ends with 3 when what answers is not stagewatch', async (test) => {
    const server = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    test.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    for (const [url, expected] of [
      [`http://127.0.0.1:${port}`, /is not stagewatch/],
      [await serveApi(test, {}), /has no fleet: it is not stagewatch/],
      [await serve(test, { at: 'never' }), /has no fleet/],
      ['http://', /is no URL/],
    ] as const) {
      const { code, stderr } = await run(['--url', url]);
      assert.equal(code, 3);
      assert.match(stderr, expected);
    }
  });

  it('takes the URL from the environment, with a path in front too', async (test) => {
    const url = await serveApi(test, { '/watch/api/v1/fleet': WELL });
    assert.equal((await run([], { STAGEWATCH_URL: `${url}/watch/` })).code, 0);
  });

  it('gives the fleet as JSON with the problems in order', async (test) => {
    const url = await serve(test, { ...WELL, findings: [finding('warning'), finding('critical')] });
    const { code, stdout } = await run(['--url', url, '--json']);
    const told = JSON.parse(stdout) as Record<string, unknown> & { problems: { severity: string }[] };
    assert.equal(code, 1);
    assert.deepEqual(told['workers'], WELL.workers);
    assert.deepEqual(
      told.problems.map(({ severity }) => severity),
      ['critical', 'warning'],
    );
    assert.match(String(told['sentence']), /^2 problems; worst: w stuck/);
  });

  it('narrows, and shows once where nobody can watch', async (test) => {
    const workers = [...WELL.workers, { container: 'other', stage: 'G2', status: 'active' }];
    const url = await serve(test, { ...WELL, workers });
    const { stdout, stderr } = await run(['--url', url, '--stage', 'G2', '--watch']);
    assert.match(stdout, /shown: stage G2/);
    assert.match(stdout, /● active +other/);
    assert.doesNotMatch(stdout, /● active +w\b/);
    assert.match(stderr, /--watch needs a terminal; shown once/);
  });

  it('writes colours to a pipe only when forced to', async (test) => {
    const url = await serve(test, WELL);
    const colour = '\u001b[';
    assert.ok(!(await run(['--url', url])).stdout.includes(colour));
    assert.ok((await run(['--url', url], { FORCE_COLOR: '1' })).stdout.includes(colour));
    assert.ok(!(await run(['--url', url], { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout.includes(colour));
  });
});
