import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCommandLine } from '../../src/cli/program.js';
import { createLogger } from '../../src/lib/logger.js';
import { createHttpServer, type HttpServer } from '../../src/views/http-server.js';
import { createFakeClock } from '../support/fake-clock.js';
import { createJudgedFleet } from '../support/judged-fleet.js';
import { NO_RECOVERY } from '../support/no-recovery.js';
import { openDoor } from '../support/open-door.js';

const W = 'paddle-worker-gpu1-0';
const EXPECTED = `paddle-worker-gpu1-0  ✖ stuck for 5m10s
  no progress for 5m10s at page 3 of 9 of PMC1, and nothing else moves

CONTAINER
  running for 1h05m, stage G3, GPU 1, image box:1, 0.00 cores in the last minute

JOB
  PMC1, page 3 of 9, began 5m10s ago, last step 5m10s ago

LIMITS
  stuck after 5m00s without a step (default)

PROCESSES
  process 4242 (python ocr.py) has 3 threads: 1 waits for data from grobid:8070,
  2 wait for a lock (read now)
  its TCP connections: grobid:8070, rabbitmq:5672

GPU MEMORY
  GPU 1: 4.0 GiB

LOG ERRORS
  nccl, 2 lines, the last now: NCCL timeout

QUEUE
  g3: 4 waiting, 1 in hand, 3 consumers

RECOVERY
  notify (disabled): recovery is off; recovery.enabled turns it on

▲ WorkerStuck, began 5m10s ago
`;

describe('stagewatch why', () => {
  let server: HttpServer;
  let url: string;
  let id: string;

  before(async () => {
    const fleet = createJudgedFleet({ stages: [{ id: 'G3', queue: 'g3', workers: 'paddle-*' }] });
    fleet.container(W);
    id = fleet.store.fleet.containers.get(W)?.id ?? '';
    fleet.cpu(W, 100);
    fleet.queue('g3', { ready: 4, unacked: 1, consumers: 3 });
    fleet.pass(1);
    fleet.progress(W, { stage: 'G3', document: 'PMC1', done: 3, total: 9, unit: 'page' });
    fleet.judgeFor(310);
    const lines = [
      'process 4242 (python ocr.py) has 3 threads: 1 waits for data from grobid:8070, 2 wait for a lock',
      'its TCP connections: grobid:8070, rabbitmq:5672',
    ];
    fleet.store.apply({ kind: 'processes-read', atMs: fleet.nowMs, readings: [{ id, lines }] });
    const match = { pattern: 'nccl', count: 2, line: 'NCCL timeout', atMs: fleet.nowMs };
    fleet.store.apply({ kind: 'logs-read', readings: [{ id, matches: [match] }] });
    const held = {
      pid: 4242,
      uuid: 'GPU-1',
      usedBytes: 4 * 1024 ** 3,
      owner: { kind: 'container', ids: [id] },
    } as const;
    const gpus = [{ index: '1', uuid: 'GPU-1' }];
    fleet.store.apply({ kind: 'gpu-processes-read', atMs: fleet.nowMs, gpus, processes: [held] });
    const plan = {
      identity: W,
      name: W,
      stage: 'G3',
      container: undefined,
      why: 'stuck' as const,
      sinceMs: 0,
      restartsInWindow: 0,
      budget: 2,
      decision: 'notify' as const,
      reason: 'disabled' as const,
      text: 'recovery is off; recovery.enabled turns it on',
    };
    server = createHttpServer({
      fleet: fleet.store.fleet,
      verdicts: () => fleet.evaluation.verdicts,
      journal: { newest: () => [] },
      recovery: { ...NO_RECOVERY, picture: { ...NO_RECOVERY.picture, plans: [plan] } },
      clock: createFakeClock(fleet.nowMs),
      log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
      version: '1.2.3',
      metrics: { contentType: 'text/plain', render: () => Promise.resolve(Buffer.from('')) },
      ...openDoor(() => null),
      reload: () => Promise.resolve({}),
    });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${port}`;
  });

  after(() => server.close());

  async function run(...args: readonly string[]) {
    let out = '';
    let err = '';
    const code = await runCommandLine(['why', ...args], {
      env: { STAGEWATCH_URL: url },
      version: '',
      isTerminal: false,
      write(text) {
        out += text;
      },
      writeError(text) {
        err += text;
      },
      onSignal: () => undefined,
    });
    return { code, out, err };
  }

  it('shows status, facts and findings of one container within 80 columns', async () => {
    const { code, out } = await run(W);
    assert.equal(code, 0);
    assert.equal(out.slice(0, EXPECTED.length), EXPECTED);
    assert.match(
      out,
      /\n {2}ends when: Its progress moves, its job ends, or its container is started\s+again\.\n$/,
    );
    assert.ok(out.split('\n').every((line) => line.length <= 80));
  });

  it('knows a container by the beginning of its id, and gives JSON', async () => {
    const { code, out } = await run(id.slice(0, 8), '--json');
    assert.equal(code, 0);
    const why = JSON.parse(out) as { worker: { container: string }; findings: readonly { kind: string }[] };
    assert.equal(why.worker.container, W);
    assert.deepEqual(
      why.findings.map(({ kind }) => kind),
      ['WorkerStuck'],
    );
  });

  it('ends with 2 when there is no such container, and with 3 without a daemon', async () => {
    for (const name of ['paddle-worker-gpu9-0', 'a', '../fleet', '%']) {
      const { code, err } = await run(name);
      assert.equal(code, 2, name);
      assert.match(err, /^stagewatch: there is no container .*; stagewatch status lists them\n$/);
    }
    assert.equal((await run(W, '--url', 'http://127.0.0.1:1')).code, 3);
  });
});
