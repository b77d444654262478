import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJudgedFleet, type JudgedFleet, T0 } from '../support/judged-fleet.js';
import { gpu, readGpus } from '../support/pipeline-events.js';

const CONFIG = {
  stages: [
    { id: 'G2_00', name: 'Layout', queue: 'g2_00', workers: 'spine-worker-*' },
    { id: 'G3_02', name: 'Witnesses', queue: 'g3_02', workers: 'paddle-worker-*' },
    { id: 'G5_00', name: 'Tables', queue: 'g5_00', workers: 'table-worker-*' },
  ],
};
const W = 'paddle-worker-gpu1-0';

const job = (fleet: JudgedFleet, done: number, more: object = {}) => ({
  document: 'PMC1',
  done,
  total: 40,
  unit: 'page',
  updated_at: fleet.nowMs / 1000,
  ...more,
});

/** Workers that took a job each and hang from then on. */
function hang(fleet: JudgedFleet, ...names: readonly string[]): void {
  for (const name of names) {
    fleet.container(name);
    fleet.cpu(name, 100);
    fleet.progress(name, job(fleet, 0, { document: `of-${name}` }));
  }
}

function work(fleet: JudgedFleet, ...names: readonly string[]): void {
  for (const name of names) {
    fleet.container(name);
    fleet.progress(name, job(fleet, 0, { document: `of-${name}` }));
  }
}

describe('a worker that hangs', () => {
  it('is found stuck once its limit is over, and is told with all that speaks for it', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.queue('g3_02', { ready: 12, unacked: 1, consumers: 1 });
    hang(fleet, W);
    fleet.judgeFor(300);
    assert.equal(fleet.statusOf(W), 'active');
    const outcomes = fleet.judgeFor(15);
    const opened = outcomes.flatMap((outcome) => outcome.opened).find(({ kind }) => kind === 'WorkerStuck');
    assert.equal(opened?.summary, '5m10s without progress');
    assert.equal(opened?.beganAtMs, T0);
    assert.deepEqual(opened?.subject, {
      container: W,
      identity: W,
      stage: 'G3_02',
      gpu: '1',
      document: `of-${W}`,
    });
    assert.deepEqual(opened?.evidence, [
      `no progress for 5m10s at page 0 of 40 of of-${W}; limit 5m00s (default)`,
      'container used 0.0 CPU-s in 1m00s',
      'queue g3_02 has 12 waiting',
      'it wrote its progress last 5m10s ago',
    ]);
  });

  it('is told by how long it used no CPU, where it was busy within the time that CPU is looked back over', () => {
    const stages = CONFIG.stages.map((stage) => ({ ...stage, stall_after: '30s' }));
    const fleet = createJudgedFleet({ stages });
    hang(fleet, W);
    for (let seconds = 5; seconds <= 60; seconds += 5) {
      fleet.cpu(W, 100 + seconds);
      fleet.progress(W, job(fleet, seconds / 5, { document: `of-${W}` }));
      fleet.judgeFor(5);
    }
    const outcomes = fleet.judgeFor(60);
    const opened = outcomes.flatMap((outcome) => outcome.opened).find(({ kind }) => kind === 'WorkerStuck');
    const said = opened?.evidence.find((line) => line.includes('CPU')) ?? '';
    assert.match(said, /^container has used next to no CPU for [34]\ds$/);
  });

  it('is active again with its first step, and the finding clears with its length', () => {
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, W);
    fleet.judgeFor(320);
    assert.ok(fleet.open().includes(`WorkerStuck:${W}`));
    fleet.progress(W, job(fleet, 1, { document: `of-${W}` }));
    const { cleared } = fleet.judge();
    assert.equal(fleet.statusOf(W), 'active');
    assert.deepEqual(
      cleared.map(({ kind, beganAtMs, clearedAtMs }) => [kind, clearedAtMs - beganAtMs]),
      [['WorkerStuck', 320_000]],
    );
  });

  it('is never found on stale data, and a finding that is open stays open, unconfirmed', () => {
    for (const source of ['docker', 'progress'] as const) {
      const fleet = createJudgedFleet(CONFIG);
      hang(fleet, W);
      fleet.judgeFor(200);
      fleet.setUp(source, false);
      fleet.judgeFor(3600);
      assert.equal(fleet.statusOf(W), 'unknown');
      assert.ok(!fleet.open().includes(`WorkerStuck:${W}`));
    }
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, W);
    fleet.judgeFor(320);
    fleet.setUp('progress', false);
    fleet.judgeFor(600);
    assert.equal(fleet.evaluation.verdicts.findings.get(`WorkerStuck:${W}`)?.isUnconfirmed, true);
  });

  it('is not found right after an outage, during which it may have moved', () => {
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, W);
    fleet.judgeFor(100);
    fleet.setUp('progress', false);
    fleet.judgeFor(1000);
    fleet.setUp('progress', true);
    fleet.progress(W, job(fleet, 5, { document: `of-${W}` }));
    fleet.judgeFor(5);
    assert.equal(fleet.statusOf(W), 'active');
  });

  it('is only slow while it burns CPU, and stuck after the longer limit', () => {
    const fleet = createJudgedFleet({ ...CONFIG, detection: { livelock_after: '20m' } });
    hang(fleet, W);
    for (let seconds = 0; seconds < 1200; seconds += 5) {
      fleet.cpu(W, 100 + seconds);
      fleet.judgeFor(5);
      if (seconds > 320) assert.equal(fleet.statusOf(W), 'slow');
    }
    fleet.cpu(W, 2000);
    fleet.judgeFor(5);
    assert.equal(fleet.statusOf(W), 'stuck');
  });

  it('is not slow and stuck at once, whichever comes first, nor while it is uncertain which it is', () => {
    const fleet = createJudgedFleet({ ...CONFIG, detection: { livelock_after: '20m' } });
    hang(fleet, W);
    const kinds = new Set<string>();
    const judge = (isBusy: boolean, seconds: number): void => {
      for (let passed = 0; passed < seconds; passed += 5) {
        if (isBusy) fleet.cpu(W, 100 + (fleet.nowMs - T0) / 1000);
        fleet.judgeFor(5);
        const open = fleet.open().filter((id) => id === `WorkerSlow:${W}` || id === `WorkerStuck:${W}`);
        assert.ok(open.length < 2, `${open.join(' and ')} after ${(fleet.nowMs - T0) / 1000}s`);
        for (const id of open) kinds.add(id);
      }
    };
    judge(true, 1100);
    judge(false, 300);
    fleet.container(W, { id: 'read-by-nobody' });
    judge(true, 400);
    assert.deepEqual([...kinds], [`WorkerSlow:${W}`, `WorkerStuck:${W}`]);
  });

  it('in a restarted container is not stuck by the file of the life before', () => {
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, W);
    fleet.judgeFor(400);
    fleet.container(W, { startedAtMs: fleet.nowMs });
    fleet.judgeFor(5);
    assert.equal(fleet.statusOf(W), 'starting');
    assert.ok(!fleet.open().includes(`WorkerStuck:${W}`));
  });
});

describe('a worker that lost its consumer', () => {
  function lost(consumers: number): JudgedFleet {
    const fleet = createJudgedFleet(CONFIG);
    for (const name of ['paddle-worker-gpu0-0', W]) fleet.container(name);
    fleet.progress('paddle-worker-gpu0-0', job(fleet, 0));
    fleet.queue('g3_02', { ready: 3, consumers });
    return fleet;
  }

  it('is starved when its queue waits and a consumer is missing for long enough', () => {
    const fleet = lost(1);
    fleet.judgeFor(60);
    assert.equal(fleet.statusOf(W), 'idle');
    fleet.judgeFor(10);
    assert.equal(fleet.statusOf(W), 'starved');
    assert.equal(fleet.statusOf('paddle-worker-gpu0-0'), 'active');
    assert.match(
      fleet.evaluation.verdicts.workers.get(W)?.reason ?? '',
      /queue g3_02 has 3 waiting and 1 of 2 consumers missing/,
    );
    fleet.queue('g3_02', { ready: 0, consumers: 1 });
    fleet.judgeFor(300);
    assert.equal(fleet.statusOf(W), 'starved', 'its consumer is missing still');
    assert.match(fleet.evaluation.verdicts.workers.get(W)?.reason ?? '', /^idle for .* and 1 of 2 consumers/);
    fleet.queue('g3_02', { ready: 0, consumers: 2 });
    fleet.judgeFor(5);
    assert.equal(fleet.statusOf(W), 'idle');
  });

  it('is accused of nothing while a message is held that no worker tells of', () => {
    const fleet = lost(1);
    fleet.queue('g3_02', { ready: 3, consumers: 1, unacked: 2 });
    fleet.judgeFor(300);
    assert.equal(fleet.statusOf(W), 'idle');
    fleet.queue('g3_02', { ready: 3, consumers: 1, unacked: 1 });
    fleet.judgeFor(5);
    assert.equal(fleet.statusOf(W), 'starved');
  });

  it('is idle while all consumers are there, or the broker is not to be asked', () => {
    const all = lost(2);
    all.judgeFor(300);
    assert.equal(all.statusOf(W), 'idle');
    const away = lost(1);
    away.setUp('rabbitmq', false);
    away.judgeFor(300);
    assert.equal(away.statusOf(W), 'idle');
  });
});

describe('many that turn bad together', () => {
  const five = [0, 1, 2, 3, 4].map((replica) => `paddle-worker-gpu${replica % 2}-${replica}`);

  it('are one cause in a stage, and the single findings its consequences', () => {
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, ...five);
    fleet.judgeFor(330);
    const { findings } = fleet.evaluation.verdicts;
    const cause = findings.get('CommonCause:stage:G3_02');
    assert.equal(cause?.summary, '5 of 5 workers at work on stage G3_02 turned bad together');
    for (const name of five) {
      assert.equal(findings.get(`WorkerStuck:${name}`)?.consequenceOf, 'CommonCause:stage:G3_02');
    }
    assert.equal(findings.get('StageStalled:G3_02')?.consequenceOf, 'CommonCause:stage:G3_02');
  });

  it('are known for it when the first of them is found, not only when the last is', () => {
    const fleet = createJudgedFleet(CONFIG);
    for (const name of five) {
      hang(fleet, name);
      fleet.judgeFor(20);
    }
    const isCaused = (): boolean[] =>
      [...fleet.evaluation.verdicts.findings.values()]
        .filter(({ kind }) => kind === 'WorkerStuck')
        .map(({ consequenceOf }) => consequenceOf !== undefined);
    while (isCaused().length === 0) fleet.judgeFor(5);
    assert.deepEqual(isCaused(), [true]);
  });

  it('are single faults where the others of the stage go on', () => {
    const fleet = createJudgedFleet(CONFIG);
    const healthy = [5, 6, 7, 8].map((replica) => `paddle-worker-gpu0-${replica}`);
    hang(fleet, ...five.slice(0, 3));
    for (let minute = 0; minute < 6; minute++) {
      for (const name of healthy) {
        fleet.container(name);
        fleet.progress(name, job(fleet, minute, { document: `of-${name}` }));
      }
      fleet.judgeFor(60);
    }
    assert.equal(fleet.open().filter((id) => id.startsWith('WorkerStuck')).length, 3);
    assert.ok(!fleet.open().some((id) => id.startsWith('CommonCause')));
  });

  it('of several stages on one GPU are the fault of the GPU', () => {
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, 'paddle-worker-gpu1-0', 'paddle-worker-gpu1-1', 'spine-worker-gpu1-0', 'table-worker-gpu1-0');
    for (let minute = 0; minute < 6; minute++) {
      for (const name of [
        'paddle-worker-gpu0-0',
        'spine-worker-gpu0-0',
        'table-worker-gpu0-0',
        'paddle-worker-gpu0-1',
        'table-worker-gpu0-1',
      ]) {
        fleet.container(name);
        fleet.progress(name, job(fleet, minute, { document: `of-${name}` }));
      }
      fleet.judgeFor(60);
    }
    assert.ok(fleet.open().includes('CommonCause:gpu:1'), fleet.open().join());
  });

  it('on a GPU that reported an error are its fault, in the words of the error', () => {
    const fleet = createJudgedFleet(CONFIG);
    readGpus(fleet, gpu('1'));
    hang(fleet, 'paddle-worker-gpu1-0', 'spine-worker-gpu1-0');
    fleet.judgeFor(320);
    readGpus(fleet, gpu('1', { xids: { last: 79, totals: new Map([['79', 1]]), recent: new Map() } }));
    fleet.judgeFor(10);
    const cause = fleet.evaluation.verdicts.findings.get('CommonCause:gpu:1');
    assert.match(
      cause?.summary ?? 'none',
      /^GPU 1 reported XID 79: .*; 2 of 2 workers at work on it turned bad$/,
    );
    assert.match(cause?.evidence[0] ?? 'none', /^XID 79 \(GPU has fallen off the bus\), once/);
  });

  it('on a GPU that reported an error are the cause of orchestrators that wait for them, and the GPU leads', () => {
    const fleet = createJudgedFleet(CONFIG);
    readGpus(fleet, gpu('1'));
    const lost = ['paddle-worker-gpu1-0', 'spine-worker-gpu1-0'];
    hang(fleet, ...lost);
    const documents = ['of-paddle-worker-gpu1-0', 'of-spine-worker-gpu1-0', 'PMC7', 'PMC8'];
    for (const [index, document] of documents.entries()) {
      fleet.container(`orchestrator-${index}`);
      const stage = index % 2 === 0 ? 'G3_02' : 'G2_00';
      fleet.progress(`orchestrator-${index}`, { role: 'orchestrator', state: 'waiting', stage, document });
    }
    for (const queue of ['g3_02', 'g2_00']) fleet.queue(queue, { ready: 1, unacked: 1, consumers: 1 });
    fleet.judgeFor(10);
    readGpus(fleet, gpu('1', { xids: { last: 79, totals: new Map([['79', 1]]), recent: new Map() } }));
    fleet.judgeFor(960);
    const open = [...fleet.evaluation.verdicts.findings.values()];
    assert.equal(open.filter(({ kind }) => kind === 'OrchestratorStuck').length, 4);
    assert.deepEqual(
      open.flatMap(({ id, consequenceOf }) => (consequenceOf === 'CommonCause:gpu:1' ? [] : id)),
      ['CommonCause:gpu:1'],
    );
  });

  it('of the whole host are the fault of the host', () => {
    const fleet = createJudgedFleet(CONFIG);
    hang(fleet, ...five, 'spine-worker-gpu0-0', 'spine-worker-gpu1-0', 'table-worker-gpu0-0');
    fleet.judgeFor(330);
    assert.deepEqual(
      fleet.open().filter((id) => id.startsWith('CommonCause')),
      ['CommonCause:host'],
    );
  });

  it('behind a broker that blocks publishers are the fault of the broker', () => {
    const fleet = createJudgedFleet(CONFIG);
    const reading = { via: 'management', atMs: fleet.nowMs, isComplete: false, queues: [] } as const;
    fleet.store.apply({
      kind: 'broker-read',
      atMs: fleet.nowMs,
      vhost: '/',
      readings: [{ ...reading, alarms: { memory: false, disk: true }, alarmsAtMs: fleet.nowMs }],
      ways: [],
      consumerTimeoutMs: 7_200_000,
      leftOutCount: 0,
    });
    fleet.judge();
    assert.match(
      fleet.evaluation.verdicts.findings.get('CommonCause:broker')?.summary ?? '',
      /raised its disk alarm/,
    );
  });
});

describe('a stage', () => {
  it('is stalled when it has work and each of its workers is unable', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.queue('g3_02', { ready: 9, consumers: 0 });
    fleet.judgeFor(30);
    assert.equal(
      fleet.evaluation.verdicts.findings.get('StageStalled:G3_02')?.summary,
      'no worker is there, and its queue has 9 messages',
    );
    fleet.container(W);
    fleet.judgeFor(30);
    assert.ok(!fleet.open().includes('StageStalled:G3_02'));
  });

  it('is not stalled when it has nothing to do', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(W, { state: 'exited', exitCode: 0, finishedAtMs: T0 });
    fleet.judgeFor(120);
    assert.deepEqual(
      fleet.open().filter((id) => id.startsWith('StageStalled')),
      [],
    );
  });

  it('has its workers and orchestrators counted by status, none included', () => {
    const fleet = createJudgedFleet(CONFIG);
    work(fleet, W, 'paddle-worker-gpu0-0');
    fleet.judge();
    const { stageWorkers } = fleet.evaluation.verdicts;
    assert.equal(stageWorkers.get('G3_02')?.counts.active, 2);
    assert.equal(stageWorkers.get('G2_00')?.counts.active, 0);
    const before = stageWorkers.get('G3_02');
    fleet.judgeFor(5);
    assert.equal(fleet.evaluation.verdicts.stageWorkers.get('G3_02'), before, 'unchanged is the same object');
  });
});

describe('an orchestrator', () => {
  const O = 'orchestrator-1';
  const waiting = (fleet: JudgedFleet) => ({
    role: 'orchestrator',
    state: 'waiting',
    stage: 'G3_02',
    document: 'PMC1',
    completed: ['G2_00'],
    updated_at: fleet.nowMs / 1000,
  });

  function waitingFleet(): JudgedFleet {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(O);
    fleet.container(W);
    fleet.progress(O, waiting(fleet));
    return fleet;
  }

  it('waits in line as long as it takes', () => {
    const fleet = waitingFleet();
    fleet.queue('g3_02', { ready: 40, consumers: 1, unacked: 1 });
    fleet.judgeFor(3600);
    const verdict = fleet.evaluation.verdicts.orchestrators.get(O);
    assert.deepEqual([verdict?.status, verdict?.dots], ['waiting', '●◉○']);
    assert.deepEqual(verdict?.holdUp?.workers, [{ container: W, status: 'idle', id: `id-of-${W}` }]);
  });

  it('waits while a worker has its document, however long', () => {
    const fleet = waitingFleet();
    fleet.queue('g3_02', { ready: 0, consumers: 1, unacked: 1 });
    for (let minute = 0; minute < 60; minute++) {
      fleet.progress(W, job(fleet, minute));
      fleet.judgeFor(60);
    }
    assert.equal(fleet.statusOf(O), 'waiting');
    assert.match(
      fleet.evaluation.verdicts.orchestrators.get(O)?.reason ?? '',
      new RegExp(`${W} works on it`),
    );
  });

  it('is stuck when nobody has its document and no message waits', () => {
    const fleet = waitingFleet();
    fleet.queue('g3_02', { ready: 0, consumers: 1, unacked: 0 });
    fleet.judgeFor(900);
    assert.equal(fleet.statusOf(O), 'waiting');
    fleet.judgeFor(30);
    const finding = fleet.evaluation.verdicts.findings.get(`OrchestratorStuck:${O}`);
    assert.match(finding?.summary ?? '', /nobody works on PMC1, and no message of it waits for G3_02/);
    assert.equal(finding?.subject.stage, 'G3_02');
  });

  it('is stuck when the worker that has its document is', () => {
    const fleet = waitingFleet();
    fleet.queue('g3_02', { ready: 0, consumers: 1, unacked: 1 });
    fleet.cpu(W, 5);
    fleet.progress(W, job(fleet, 3));
    fleet.judgeFor(930);
    assert.match(
      fleet.evaluation.verdicts.orchestrators.get(O)?.reason ?? '',
      /paddle-worker-gpu1-0, which has its document, is stuck/,
    );
  });

  for (const [what, content, status, dots] of [
    [
      'that carries a document is active',
      { state: 'running', stage: 'G2_00', document: 'A' },
      'active',
      '◉○○',
    ],
    ['that is done is done', { state: 'done', stage: 'G5_00', document: 'A' }, 'done', '●●●'],
    ['with no document is done', undefined, 'done', '○○○'],
  ] as const) {
    it(what, () => {
      const fleet = createJudgedFleet(CONFIG);
      fleet.container(O);
      if (content) fleet.progress(O, { role: 'orchestrator', ...content });
      fleet.judge();
      const verdict = fleet.evaluation.verdicts.orchestrators.get(O);
      assert.deepEqual([verdict?.status, verdict?.dots], [status, dots]);
    });
  }

  it('is unknown while its file is not looked at, and down when its container is', () => {
    const fleet = waitingFleet();
    fleet.setUp('progress', false);
    fleet.judgeFor(1800);
    assert.equal(fleet.statusOf(O), 'unknown');
    fleet.setUp('progress', true);
    fleet.container(O, { state: 'exited', exitCode: 1, finishedAtMs: fleet.nowMs });
    fleet.judgeFor(5);
    assert.equal(fleet.statusOf(O), 'down');
  });
});
