import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecoveryHarness, type RecoveryHarness } from '../support/recovery-harness.js';
import { STALL_S } from '../support/recovery-scene.js';

const W = 'paddle-worker-gpu0-0';
const LOOK_S = 5;

/** A worker is stuck, and the next look plans its restart. */
function stuck(config: object = {}): RecoveryHarness {
  const harness = createRecoveryHarness(config);
  harness.scene.work(W);
  for (let passedS = 0; passedS < STALL_S; passedS += LOOK_S) {
    harness.recovery.look();
    harness.scene.fleet.judgeFor(LOOK_S);
  }
  harness.recovery.look();
  harness.scene.fleet.judgeFor(2 * LOOK_S);
  return harness;
}

const results = ({ entries }: RecoveryHarness) => entries('restart_ended').map(({ result }) => result);
const refusals = ({ entries }: RecoveryHarness) => entries('restart_refused').map(({ reason }) => reason);
const restarts = ({ steps }: RecoveryHarness): number => steps.filter((step) => step === 'restart').length;

/** It takes up the same document again, and goes on with it. */
function workAgain({ scene }: RecoveryHarness): void {
  scene.work(W, { document: 'PMC-again' });
}

describe('recovery', () => {
  it('looks, keeps evidence, writes down, looks once more, asks once, and sees the worker at work', async () => {
    const harness = stuck();
    await harness.lookFor(10);
    assert.deepEqual(harness.steps.slice(0, 12), [
      'look',
      'logs',
      'top',
      'evidence',
      'flush',
      'progress',
      'look',
      'journal',
      'before',
      'announce',
      'restart',
      'look',
    ]);
    assert.equal(harness.recovery.picture.plans.length, 0);
    workAgain(harness);
    await harness.lookFor(10);
    assert.deepEqual(results(harness), ['recovered']);
    assert.equal(restarts(harness), 1);
    const [entry] = harness.entries('restart_ended');
    const [incident = ''] = harness.evidence.keys();
    assert.match(incident, /^\d{8}T\d{6}\.\d{3}Z-paddle-worker-gpu0-0$/);
    assert.equal(entry?.['evidence'], `evidence/${incident}`);
    assert.equal(harness.recovery.picture.stages.get('G3')?.results.recovered, 1);
  });

  it('keeps what is known of the worker as evidence', async () => {
    const harness = stuck();
    await harness.lookFor(10);
    const files = [...harness.evidence.values()][0] ?? {};
    assert.equal(files['logs.txt'], 'stderr hello\n');
    assert.equal(files['top.txt'], 'PID\n1\n');
    const incident = JSON.parse(files['incident.json'] ?? '') as {
      readonly container: string;
      readonly verdict: { readonly status: string };
      readonly progress: { readonly job: { readonly document: string } };
      readonly findings: readonly unknown[];
      readonly cost: { readonly text: string };
    };
    assert.equal(incident.container, W);
    assert.equal(incident.verdict.status, 'stuck');
    assert.equal(incident.progress.job.document, `PMC-${W}`);
    assert.equal(incident.findings.length > 0, true);
    assert.match(incident.cost.text, /30 % done \(page 3 of 10\)/);
  });

  it('restarts nothing in a dry run, and tells of each incident once', async () => {
    const harness = stuck({ recovery: { dry_run: true } });
    await harness.lookFor(300);
    assert.equal(restarts(harness), 0);
    assert.deepEqual(results(harness), ['dry_run']);
    assert.equal(harness.recovery.picture.plans[0]?.reason, 'dry_run_done');
    assert.equal(harness.recovery.picture.recent[0]?.result, 'dry_run');
  });

  it('gives up when progress resumes between plan and act', async () => {
    const harness = stuck();
    harness.onStep = (step) => {
      if (step !== 'progress') return;
      harness.scene.fleet.pass(1);
      harness.scene.work(W, { more: { done: 4 } });
    };
    await harness.lookFor(10);
    assert.equal(restarts(harness), 0);
    assert.deepEqual(refusals(harness), ['progress_resumed']);
    const { memory } = harness.recovery.picture;
    assert.deepEqual(
      [memory.containers.size, memory.fleetRestartsAtMs.length, memory.inFlight.size],
      [0, 0, 0],
    );
  });

  for (const [what, change, reason] of [
    ['was removed', { kind: 'gone' }, 'container_changed'],
    ['does not answer', { kind: 'failed', problem: 'no answer' }, 'engine_unreachable'],
  ] as const) {
    it(`gives up when the container ${what} between plan and act`, async () => {
      const harness = stuck();
      harness.engine = { ...harness.engine, look: () => Promise.resolve(change) };
      await harness.lookFor(10);
      assert.equal(restarts(harness), 0);
      assert.deepEqual(refusals(harness), [reason]);
    });
  }

  it('gives up when somebody else restarted the container between plan and act', async () => {
    const harness = stuck();
    const { look } = harness.engine;
    harness.engine = {
      ...harness.engine,
      async look(id) {
        const answer = await look(id);
        return answer.kind === 'seen' ? { kind: 'seen', look: { ...answer.look, startedAtMs: 5 } } : answer;
      },
    };
    await harness.lookFor(10);
    assert.deepEqual([restarts(harness), refusals(harness)], [0, ['container_changed']]);
  });

  it('does not restart without evidence, and tries again later', async () => {
    const harness = stuck();
    const { logs } = harness.engine;
    harness.engine = {
      ...harness.engine,
      logs: () => Promise.resolve({ kind: 'failed', problem: 'no answer' }),
    };
    await harness.lookFor(20);
    assert.deepEqual([restarts(harness), refusals(harness)], [0, ['no_evidence']]);
    harness.engine = { ...harness.engine, logs };
    await harness.lookFor(30);
    assert.equal(restarts(harness), 1);
  });

  it('restarts a container whose log the engine cannot tell', async () => {
    const harness = stuck();
    const untold = { kind: 'untold', problem: 'configured logging driver does not support reading' } as const;
    harness.engine = { ...harness.engine, logs: () => Promise.resolve(untold) };
    await harness.lookFor(10);
    assert.equal(restarts(harness), 1);
    assert.match([...harness.evidence.values()][0]?.['logs.txt'] ?? '', /not to be had: configured logging/);
  });

  it('restarts nothing while the disk is full', async () => {
    const harness = stuck();
    harness.disk.isFull = true;
    await harness.lookFor(60);
    assert.equal(restarts(harness), 0);
    assert.equal(harness.recovery.picture.plans[0]?.reason, 'cannot_remember');
    assert.equal(
      (await harness.recovery.restartByHand({ ...HAND, isForced: true }))?.text,
      'data_dir cannot be written, so a restart could not be remembered and might be done twice',
    );
  });

  it('restarts nothing when the disk fills up just before', async () => {
    const harness = stuck();
    harness.onStep = (step) => {
      if (step === 'flush') harness.disk.isFull = true;
    };
    await harness.lookFor(10);
    assert.deepEqual([restarts(harness), refusals(harness)[0]], [0, 'cannot_remember']);
  });

  it('stops after three restarts that do not help, says so, and goes on when the window is empty', async () => {
    const harness = stuck();
    for (let minute = 0; minute < 25; minute++) {
      if (harness.recovery.picture.memory.inFlight.size > 0) harness.scene.work(W);
      await harness.lookFor(60);
    }
    assert.equal(restarts(harness), 3);
    const found = harness.recovery.ownFindings()[0]?.found ?? [];
    assert.deepEqual(
      found.map(({ kind, summary }) => [kind, summary]),
      [['RestartsExhausted', 'restarted 3 times in 30m00s, and stuck again']],
    );
    await harness.lookFor(45 * 60);
    assert.ok(restarts(harness) > 3, 'the window has cleared it');
  });

  it('keeps its budget when the daemon is started anew', async () => {
    const harness = stuck({ recovery: { container_budget: 1 } });
    await harness.lookFor(10);
    harness.dieAndStart();
    harness.scene.work(W);
    await harness.lookFor(STALL_S + 150);
    assert.equal(restarts(harness), 1);
    assert.equal(harness.recovery.picture.plans[0]?.reason, 'container_budget');
    assert.equal(harness.recovery.picture.recent.length, 1, 'what earlier lives did is shown');
  });

  for (const step of ['look', 'logs', 'evidence', 'flush', 'progress', 'journal', 'before', 'restart']) {
    it(`neither doubles nor loses a restart when the daemon dies at the step "${step}"`, async () => {
      const harness = stuck();
      let hasDied = false;
      harness.onStep = (at) => {
        if (at !== step || hasDied) return;
        hasDied = true;
        // The engine has heard it, and the daemon never hears the answer.
        if (step === 'restart') restartByEngine(harness);
        return new Promise(() => undefined);
      };
      await harness.lookFor(10);
      assert.ok(hasDied);
      harness.dieAndStart();
      await harness.lookFor(200);
      const asked = restarts(harness);
      assert.ok(asked <= 2, `asked ${asked} times`);
      if (step === 'restart') assert.equal(asked, 1, 'what the engine has done is not asked again');
      const started = harness.entries('restart_started').map(({ incident }) => incident);
      assert.equal(new Set(started).size, started.length);
      const ended = harness.entries('restart_ended').map(({ incident }) => incident);
      assert.equal(new Set(ended).size, ended.length, 'one end each');
    });
  }
});

function restartByEngine({ scene }: RecoveryHarness): void {
  scene.fleet.container(W, { startedAtMs: scene.fleet.nowMs });
}

const HAND = { container: W, isDryRun: false, isForced: false, by: 'ada', why: 'it hangs' };

describe('a restart by hand', () => {
  it('goes the same way, with who and why written down', async () => {
    const harness = stuck({ recovery: { enabled: false } });
    const answer = await harness.recovery.restartByHand(HAND);
    assert.deepEqual([answer?.plan.decision, answer?.result], ['restart', 'started']);
    const [started] = harness.entries('restart_started');
    assert.deepEqual([started?.['by'], started?.['why']], ['ada', 'it hangs']);
    workAgain(harness);
    await harness.lookFor(10);
    assert.deepEqual(results(harness), ['recovered']);
  });

  it('is refused and written down when nothing is wrong', async () => {
    const harness = createRecoveryHarness();
    harness.scene.work(W);
    await harness.lookFor(20);
    const answer = await harness.recovery.restartByHand(HAND);
    assert.deepEqual([answer?.plan.decision, answer?.plan.reason], ['refuse', 'not_stuck']);
    assert.equal(harness.entries('restart_refused')[0]?.['by'], 'ada');
    assert.equal(restarts(harness), 0);
  });

  it('does nothing in a dry run', async () => {
    const harness = stuck({ recovery: { enabled: false } });
    const answer = await harness.recovery.restartByHand({ ...HAND, isDryRun: true });
    assert.deepEqual([answer?.result, restarts(harness)], ['dry_run', 0]);
  });

  it('knows nobody of another name', async () => {
    const harness = stuck();
    assert.equal(await harness.recovery.restartByHand({ ...HAND, container: 'nobody' }), undefined);
  });

  it('waits for its turn, and is planned then', async () => {
    const harness = stuck();
    await harness.look();
    const both = [harness.recovery.restartByHand(HAND), harness.recovery.restartByHand(HAND)];
    const [first, second] = await Promise.all(both);
    assert.deepEqual([first?.plan.reason, second?.plan.reason], ['in_flight', 'in_flight']);
    assert.equal(restarts(harness), 1);
  });

  it('clears a budget that is used up, with force', async () => {
    const harness = stuck({ recovery: { container_budget: 1 } });
    await harness.lookFor(10);
    harness.scene.work(W);
    await harness.lookFor(STALL_S + 150);
    assert.equal((await harness.recovery.restartByHand(HAND))?.plan.reason, 'container_budget');
    const answer = await harness.recovery.restartByHand({ ...HAND, isForced: true });
    assert.equal(answer?.result, 'started');
  });
});

const SILENT_S = 200;
/** How long an engine that is back lets the worker end before it kills it. */
const STOP_S = 20;

describe('an engine that misbehaves', () => {
  for (const [what, answer, text] of [
    [
      'says 500',
      { kind: 'rejected', status: 500, problem: 'HTTP 500: boom' },
      /500: boom; it was not restarted/,
    ],
    [
      'says 409',
      { kind: 'rejected', status: 409, problem: 'HTTP 409: busy' },
      /409: busy; it was not restarted/,
    ],
    ['has no such container', { kind: 'gone' }, /removed meanwhile/],
    ['cannot be reached', { kind: 'not_sent', problem: 'refused' }, /could not be asked: refused/],
    ['never answers', { kind: 'unanswered', problem: 'no answer within 40000 ms' }, /did not answer/],
  ] as const) {
    it(`and ${what} is a restart that failed, and counts against the budget`, async () => {
      const harness = stuck();
      harness.engine = {
        ...harness.engine,
        restart() {
          harness.steps.push('restart');
          return Promise.resolve(answer);
        },
      };
      await harness.lookFor(10);
      assert.equal(results(harness)[0], 'failed');
      assert.match(String(harness.entries('restart_ended')[0]?.['text']), text);
      assert.ok(harness.recovery.picture.memory.fleetRestartsAtMs.length > 0);
      await harness.lookFor(600);
      assert.ok(restarts(harness) <= 3, `asked ${restarts(harness)} times`);
    });
  }

  it('and does it all the same is a restart that was done', async () => {
    const harness = stuck();
    const { restart } = harness.engine;
    harness.engine = {
      ...harness.engine,
      async restart(container, times) {
        await restart(container, times);
        return { kind: 'unanswered', problem: 'the answer was cut off' };
      },
    };
    await harness.lookFor(10);
    workAgain(harness);
    await harness.lookFor(10);
    assert.deepEqual([results(harness), restarts(harness)], [['recovered'], 1]);
  });

  it('and is silent for minutes, and does it after all, is asked once', async () => {
    const harness = stuck();
    const { fleet } = harness.scene;
    const { look } = harness.engine;
    let backAtMs: number | undefined;
    let isDone = false;
    harness.engine = {
      ...harness.engine,
      restart() {
        harness.steps.push('restart');
        backAtMs = fleet.nowMs + SILENT_S * 1000;
        fleet.setUp('docker', false);
        return Promise.resolve({ kind: 'unanswered', problem: 'no answer within 40000 ms' });
      },
      look(id) {
        if (backAtMs === undefined) return look(id);
        if (fleet.nowMs < backAtMs) return Promise.resolve({ kind: 'failed', problem: 'no answer' });
        fleet.setUp('docker', true);
        if (!isDone && fleet.nowMs >= backAtMs + STOP_S * 1000) {
          isDone = true;
          restartByEngine(harness);
        }
        return look(id);
      },
    };
    await harness.lookFor(60);
    workAgain(harness);
    await harness.lookFor(60);
    assert.deepEqual([results(harness), restarts(harness)], [['recovered'], 1]);
  });

  it('and is silent for good is given up, and its worker not asked for again', async () => {
    const harness = stuck();
    const { look } = harness.engine;
    let isSilent = false;
    harness.engine = {
      ...harness.engine,
      restart() {
        harness.steps.push('restart');
        isSilent = true;
        harness.scene.fleet.setUp('docker', false);
        return Promise.resolve({ kind: 'unanswered', problem: 'no answer within 40000 ms' });
      },
      look: (id) => (isSilent ? Promise.resolve({ kind: 'failed', problem: 'no answer' }) : look(id)),
    };
    await harness.lookFor(900);
    assert.deepEqual([results(harness), restarts(harness)], [['failed'], 1]);
    assert.match(String(harness.entries('restart_ended')[0]?.['text']), /it does not tell of it$/);
  });

  it('and leaves it stopped is made good by another restart, within the budget', async () => {
    const harness = stuck();
    const { restart } = harness.engine;
    let calls = 0;
    harness.engine = {
      ...harness.engine,
      restart(container, times) {
        calls++;
        if (calls > 1) return restart(container, times);
        const { nowMs } = harness.scene.fleet;
        harness.scene.fleet.container(W, { state: 'exited', exitCode: 137, finishedAtMs: nowMs });
        return Promise.resolve({ kind: 'rejected', status: 500, problem: 'HTTP 500: no device' });
      },
    };
    await harness.lookFor(60);
    assert.equal(calls, 2);
    assert.deepEqual(results(harness)[0], 'failed');
    assert.equal(harness.scene.fleet.store.fleet.containers.get(W)?.state, 'running');
  });
});

describe('what people are told with a finding', () => {
  async function notes(harness: RecoveryHarness) {
    const found = harness.scene.fleet.evaluation.verdicts.findings.get(`WorkerStuck:${W}`);
    if (!found) throw new Error('it is not stuck');
    return harness.recovery.notesOf(found);
  }

  it('is why recovery leaves it alone, and the last log lines without credentials', async () => {
    const harness = stuck({ recovery: { enabled: false } });
    harness.engine = {
      ...harness.engine,
      logs: () => {
        const line = { stream: 'all', text: 'connecting to amqp://me:hunter2@host' } as const;
        return Promise.resolve({ kind: 'read', value: { lines: [line], isCut: false } });
      },
    };
    await harness.look();
    assert.deepEqual(await notes(harness), {
      recovery: 'Recovery leaves it to people: recovery is off; recovery.enabled turns it on.',
      logLines: ['connecting to amqp://***@host'],
    });
  });

  it('is that it was restarted before this began, and not what came of that restart', async () => {
    const harness = stuck({ recovery: { container_budget: 1 } });
    await harness.lookFor(10);
    harness.scene.work(W);
    await harness.lookFor(STALL_S + 150);
    const { recovery, evidenceFolder } = await notes(harness);
    assert.match(
      recovery ?? '',
      /^Restarted \S+ ago \(by stagewatch\), before this began\. Recovery does not restart it: it was restarted once/,
    );
    assert.equal(evidenceFolder, undefined, 'it is of the incident before');
    const exhausted = harness.recovery.ownFindings().flatMap(({ found }) => found)[0];
    assert.ok(exhausted);
    const times = { openedAtMs: 0, confirmedAtMs: 0 };
    const of = await harness.recovery.notesOf({ ...exhausted, ...times, id: 'x', severity: 'critical' });
    assert.match(of.recovery ?? '', /^Restarted \S+ ago \(by stagewatch\): it took up work/);
    assert.match(of.evidenceFolder ?? '', /^evidence\/2025/);
  });

  it('is why the restart for it failed, and where the evidence is', async () => {
    const harness = stuck();
    harness.engine = {
      ...harness.engine,
      restart: () => Promise.resolve({ kind: 'rejected', status: 500, problem: 'HTTP 500: no device' }),
    };
    await harness.lookFor(10);
    const { recovery, evidenceFolder } = await notes(harness);
    assert.match(recovery ?? '', /^A restart failed \S+ ago \(by stagewatch\): .*no device/);
    assert.match(evidenceFolder ?? '', /^evidence\/2025/);
  });

  it('is never that it was restarted where that was a dry run', async () => {
    const harness = stuck({ recovery: { dry_run: true } });
    await harness.lookFor(10);
    const { recovery } = await notes(harness);
    assert.match(
      recovery ?? '',
      /^Recovery waits: it would have been restarted \S+ ago; this is a dry run\.$/,
    );
  });

  it('lacks the log lines when the engine does not answer', async () => {
    const harness = stuck();
    harness.engine = { ...harness.engine, look: () => Promise.resolve({ kind: 'failed', problem: 'no' }) };
    await harness.look();
    assert.equal((await notes(harness)).logLines, undefined);
  });
});
