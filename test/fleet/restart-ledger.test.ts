import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createLedger, type RestartLedger } from '../../src/fleet/ledger.js';
import type { ContainerEvent, ContainerFacts } from '../../src/fleet/observations.js';
import { noteEvent, settleByInspect } from '../../src/fleet/restart-ledger.js';
import { createModelEngine, type ModelEngine } from '../support/model-engine.js';

const STEPS = [
  'start',
  'crash',
  'crashAtOnce',
  'startByPolicy',
  'stop',
  'restart',
  'event',
  'inspect',
  'answer',
] as const;
type Step = (typeof STEPS)[number];

/** Plays steps on an engine; events come in order and late, and one inspect at a time is under way, also late. */
function play(engine: ModelEngine, ledger: RestartLedger, steps: readonly Step[]): void {
  let answer: ContainerFacts | undefined;
  const takeEvent = (): boolean => {
    const event = engine.nextEvent();
    if (event) noteEvent(ledger, event);
    return event !== undefined;
  };
  for (const step of steps) {
    if (step === 'event') takeEvent();
    else if (step === 'inspect') answer ??= engine.inspect();
    else if (step === 'answer' && answer) {
      settleByInspect(ledger, answer);
      answer = undefined;
    } else if (step === 'crash') engine.crash(3);
    else if (step !== 'answer') engine[step]();
  }
  if (answer) settleByInspect(ledger, answer);
  while (takeEvent());
  settleByInspect(ledger, engine.inspect());
}

function counted({ counters: { restarts, exits } }: RestartLedger) {
  return { restarts, exits: Object.values(exits).reduce((sum, count) => sum + count) };
}

describe('restart ledger', () => {
  it('counts what an engine did, however late events and inspects come', () => {
    const steps = fc.array(fc.constantFrom(...STEPS), { maxLength: 60 });
    fc.assert(
      fc.property(fc.boolean(), steps, (hasPolicy, played) => {
        const engine = createModelEngine(hasPolicy);
        const ledger = createLedger();
        const first = engine.nextEvent();
        if (first) noteEvent(ledger, first);
        play(engine, ledger, played);
        // A policy counts a restart at the death; the start it stands for may never come, or come later.
        const { restarts, exits } = counted(ledger);
        assert.equal(exits, engine.truth.exits, 'exits');
        assert.equal(restarts.other, engine.truth.askedFor, 'asked for');
        const pending = engine.inspect().state === 'restarting' ? 1 : 0;
        const cancelled = countCancelled(played, hasPolicy);
        assert.ok(
          restarts.policy >= engine.truth.policy,
          `policy: ${restarts.policy} of ${engine.truth.policy}`,
        );
        assert.ok(
          restarts.policy <= engine.truth.policy + pending + cancelled,
          `policy: ${restarts.policy} is too many`,
        );
      }),
      { numRuns: 3000, includeErrorInReport: true },
    );
  });

  it('never lets a counter fall', () => {
    const steps = fc.array(fc.constantFrom(...STEPS), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (played) => {
        const engine = createModelEngine(true);
        const ledger = createLedger();
        let before = counted(ledger);
        for (const step of played) {
          play(engine, ledger, [step]);
          const now = counted(ledger);
          for (const cause of ['policy', 'stagewatch', 'other'] as const) {
            assert.ok(now.restarts[cause] >= before.restarts[cause]);
          }
          assert.ok(now.exits >= before.exits);
          before = now;
        }
      }),
    );
  });

  /** Restarts asked for while a policy's restart was waiting: that one was counted at the death and never came. */
  function countCancelled(steps: readonly Step[], hasPolicy: boolean): number {
    return hasPolicy ? steps.filter((step) => step === 'restart').length : 0;
  }
});

const facts = (more: Partial<ContainerFacts>): ContainerFacts => ({
  id: 'a',
  name: 'a-worker-gpu0-0',
  image: '',
  labels: {},
  createdAtMs: 0,
  state: 'running',
  restartCount: 0,
  hasRestartPolicy: true,
  exitCode: 0,
  isOomKilled: false,
  ...more,
});
const event = (action: ContainerEvent['action'], atMs: number, exitCode?: number): ContainerEvent => ({
  id: 'a',
  action,
  atMs,
  ...(exitCode !== undefined && { exitCode }),
});

describe('restart ledger, when events were missed', () => {
  it('takes over what the engine counted before the daemon came', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ restartCount: 7, startedAtMs: 100, finishedAtMs: 90 }));
    assert.deepEqual(counted(ledger), { restarts: { policy: 7, stagewatch: 0, other: 0 }, exits: 0 });
  });

  it('counts two crashes that only RestartCount tells of', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ restartCount: 7, startedAtMs: 100, finishedAtMs: 90 }));
    settleByInspect(ledger, facts({ restartCount: 9, startedAtMs: 300, finishedAtMs: 290 }));
    assert.deepEqual(counted(ledger), { restarts: { policy: 9, stagewatch: 0, other: 0 }, exits: 2 });
  });

  for (const isInspectFirst of [true, false]) {
    const order = isInspectFirst ? 'before both events' : 'between the two events';
    it(`counts one end of a program that ended before its start was reported, told ${order}`, () => {
      const ledger = createLedger();
      noteEvent(ledger, event('create', 100));
      const told = facts({ state: 'exited', startedAtMs: 200, finishedAtMs: 210, exitCode: 0 });
      if (isInspectFirst) settleByInspect(ledger, told);
      noteEvent(ledger, event('start', 220));
      if (!isInspectFirst) settleByInspect(ledger, told);
      noteEvent(ledger, event('die', 230, 0));
      settleByInspect(ledger, told);
      assert.deepEqual(counted(ledger), { restarts: { policy: 0, stagewatch: 0, other: 0 }, exits: 1 });
      noteEvent(ledger, event('start', 320));
      settleByInspect(ledger, { ...told, state: 'running', startedAtMs: 300 });
      assert.equal(counted(ledger).restarts.other, 1);
    });
  }

  it('counts a restart by somebody else when RestartCount fell to 0', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ restartCount: 7, startedAtMs: 100, finishedAtMs: 90 }));
    settleByInspect(ledger, facts({ restartCount: 0, startedAtMs: 300, finishedAtMs: 290 }));
    assert.deepEqual(counted(ledger), { restarts: { policy: 7, stagewatch: 0, other: 1 }, exits: 1 });
  });

  it('counts an OOM kill once, whether the inspect or its event comes first', () => {
    for (const isEventFirst of [true, false]) {
      const ledger = createLedger();
      settleByInspect(ledger, facts({ startedAtMs: 100 }));
      const dead = facts({
        state: 'exited',
        startedAtMs: 100,
        finishedAtMs: 200,
        exitCode: 137,
        isOomKilled: true,
      });
      const events = [event('oom', 195), event('die', 210, 137)];
      if (isEventFirst) for (const one of events) noteEvent(ledger, one);
      settleByInspect(ledger, dead);
      if (!isEventFirst) for (const one of events) noteEvent(ledger, one);
      assert.deepEqual(ledger.counters.exits, { ok: 0, error: 0, signal: 0, oom: 1, unknown: 0 });
      assert.equal(ledger.counters.oomEvents, 1);
      assert.equal(ledger.lastExitCode, 137);
    }
  });

  it('does not blame memory for a crash long after a child was killed for it', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('oom', 200));
    noteEvent(ledger, event('die', 3_600_000, 3));
    assert.deepEqual(ledger.counters.exits, { ok: 0, error: 1, signal: 0, oom: 0, unknown: 0 });
    assert.equal(ledger.counters.oomEvents, 1);
  });

  it('takes an announced restart for its own, once', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('restart-announced', 150));
    for (const [stop, die, start] of [[160, 170, 181] as const, [260, 270, 281] as const]) {
      noteEvent(ledger, event('stop', stop));
      noteEvent(ledger, event('die', die, 137));
      noteEvent(ledger, event('start', start));
      settleByInspect(ledger, facts({ startedAtMs: start - 1, finishedAtMs: die - 1 }));
    }
    assert.deepEqual(ledger.counters.restarts, { policy: 0, stagewatch: 1, other: 1 });
    assert.deepEqual(ledger.counters.exits, { ok: 0, error: 0, signal: 2, oom: 0, unknown: 0 });
    assert.deepEqual(
      ledger.counters.stops,
      { ok: 0, error: 0, signal: 2, oom: 0, unknown: 0 },
      'both were asked for',
    );
  });

  it('counts an end among the stops only if it was asked for, also where that is told after it', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('die', 150, 139));
    assert.deepEqual(ledger.counters.stops, { ok: 0, error: 0, signal: 0, oom: 0, unknown: 0 });
    noteEvent(ledger, event('start', 160));
    noteEvent(ledger, event('die', 200, 143));
    noteEvent(ledger, event('stop', 201));
    noteEvent(ledger, event('stop', 202));
    assert.deepEqual(ledger.counters.stops, { ok: 0, error: 0, signal: 1, oom: 0, unknown: 0 });
    assert.equal(ledger.counters.exits.signal, 2);
  });

  it('does not hold a stop of the life before against a crash, when the start between them was missed', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('stop', 150));
    noteEvent(ledger, event('die', 160, 0));
    assert.equal(ledger.lastEnd?.isAskedFor, true);
    settleByInspect(ledger, facts({ startedAtMs: 300, finishedAtMs: 160 }));
    noteEvent(ledger, event('die', 900, 1));
    assert.equal(ledger.lastEnd?.isAskedFor, false);
  });

  it('knows a stop by its end and its start that come after the inspect of the next life', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('stop', 150));
    settleByInspect(ledger, facts({ startedAtMs: 300, finishedAtMs: 159 }));
    noteEvent(ledger, event('die', 160, 0));
    assert.equal(ledger.lastEnd?.isAskedFor, true);
    noteEvent(ledger, event('start', 301));
    assert.deepEqual(ledger.counters.restarts, { policy: 0, stagewatch: 0, other: 1 });
  });

  it('is not misled when a cancelled restart sets the end back in time', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('die', 210, 3));
    settleByInspect(
      ledger,
      facts({ state: 'restarting', restartCount: 1, startedAtMs: 100, finishedAtMs: 209, exitCode: 3 }),
    );
    settleByInspect(
      ledger,
      facts({ state: 'exited', restartCount: 1, startedAtMs: 100, finishedAtMs: 190, exitCode: 3 }),
    );
    assert.equal(counted(ledger).exits, 1);
  });
});

describe('a request to end a container', () => {
  const SIGTERM = 15;
  const SIGKILL = 9;
  const kill = (atMs: number, signal: number): ContainerEvent => ({ id: 'a', action: 'stop', atMs, signal });

  /** What is known of the end after these events of a container that was started at 100. */
  function endAfter(...events: readonly ContainerEvent[]) {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    for (const one of events) noteEvent(ledger, one);
    return ledger.lastEnd;
  }

  for (const [what, isAskedFor, events] of [
    ['explains the end that follows it', true, [kill(1000, SIGTERM), event('die', 9000, 143)]],
    ['does not explain SIGKILL from elsewhere', false, [kill(1000, SIGTERM), event('die', 9000, 137)]],
    ['that is ignored expires', false, [kill(1000, SIGTERM), event('die', 46_000, 1)]],
    [
      'is a stop with a long grace, which the engine tells of when it is done',
      true,
      [kill(1000, SIGTERM), event('die', 240_000, 1), event('stop', 240_015)],
    ],
    [
      'is a stop whose grace is over',
      true,
      [kill(1000, SIGTERM), kill(240_000, SIGKILL), event('die', 240_010, 137), event('stop', 240_015)],
    ],
    ['that cannot be carried out expires too', false, [kill(1000, SIGKILL), event('die', 120_000, 137)]],
  ] as const) {
    it(what, () => assert.equal(endAfter(...events)?.isAskedFor, isAskedFor));
  }

  it('that the engine reports only after the end is wanted, where no policy starts it again', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100, hasRestartPolicy: false }));
    noteEvent(ledger, event('die', 9000, 1));
    noteEvent(ledger, event('stop', 20_000));
    assert.equal(ledger.lastEnd?.isAskedFor, true);
  });

  it('leaves a start by the policy one of the policy, when it had expired', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, kill(1000, SIGTERM));
    noteEvent(ledger, event('die', 60_000, 1));
    noteEvent(ledger, event('start', 60_200));
    settleByInspect(ledger, facts({ restartCount: 1, startedAtMs: 60_199, finishedAtMs: 59_999 }));
    assert.deepEqual(ledger.counters.restarts, { policy: 1, stagewatch: 0, other: 0 });
  });
});

describe('how a container ended', () => {
  it('is not known where neither event nor inspect tells the exit code', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('die', 210));
    const { exitCode: _untold, ...dead } = facts({ state: 'exited', startedAtMs: 100, finishedAtMs: 209 });
    settleByInspect(ledger, dead);
    assert.deepEqual(ledger.lastEnd, { reason: 'unknown', atMs: 210, isAskedFor: false });
    assert.deepEqual(ledger.counters.exits, { ok: 0, error: 0, signal: 0, oom: 0, unknown: 1 });
  });

  it('is told by the inspect where the event tells no exit code', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('die', 210));
    settleByInspect(ledger, facts({ state: 'exited', startedAtMs: 100, finishedAtMs: 209, exitCode: 137 }));
    assert.deepEqual(ledger.lastEnd, { reason: 'signal', exitCode: 137, atMs: 210, isAskedFor: false });
    assert.equal(counted(ledger).exits, 1);
  });

  it('is told by an inspect before an event that leaves the exit code out', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    settleByInspect(ledger, facts({ state: 'exited', startedAtMs: 100, finishedAtMs: 209, exitCode: 3 }));
    noteEvent(ledger, event('die', 210));
    assert.deepEqual(ledger.lastEnd, { reason: 'error', exitCode: 3, atMs: 210, isAskedFor: false });
    assert.deepEqual(ledger.counters.exits, { ok: 0, error: 1, signal: 0, oom: 0, unknown: 0 });
  });

  it('was a crash, and it is held down, when it is stopped before its policy starts it again', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('die', 210, 3));
    noteEvent(ledger, event('stop', 250));
    const held = { reason: 'error', exitCode: 3, atMs: 210, isAskedFor: false, isHeldDown: true };
    assert.deepEqual(ledger.lastEnd, held);
    assert.equal(ledger.counters.stops.error, 0, 'the crash stays one');
    noteEvent(ledger, event('start', 400));
    noteEvent(ledger, event('die', 410, 3));
    assert.equal(ledger.lastEnd?.isHeldDown, undefined);
  });

  it('tells a kill before its policy starts it again, of which the engine sends no event, by its staying down', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    noteEvent(ledger, event('die', 210, 3));
    const dead = { state: 'exited', startedAtMs: 100, finishedAtMs: 209, exitCode: 3 } as const;
    settleByInspect(ledger, facts({ ...dead, isHeldDown: true }));
    assert.equal(ledger.lastEnd?.isHeldDown, true);
  });

  it('is no crash that is held down when it was asked to stop and sends `stop` after its end', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    for (const one of [event('stop', 200), event('die', 210, 143), event('stop', 211)])
      noteEvent(ledger, one);
    const { isAskedFor, isHeldDown } = ledger.lastEnd ?? {};
    assert.deepEqual({ isAskedFor, isHeldDown }, { isAskedFor: true, isHeldDown: undefined });
  });
});

describe('the restarts of Podman, told before the end or the start that they cause', () => {
  it('by a person make neither a crash nor a restart by policy', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100 }));
    for (const one of [event('restart', 200), event('die', 210, 137), event('start', 220)])
      noteEvent(ledger, one);
    assert.equal(ledger.lastEnd?.isAskedFor, true);
    settleByInspect(ledger, facts({ startedAtMs: 219, finishedAtMs: 209 }));
    assert.deepEqual(counted(ledger), { restarts: { policy: 0, stagewatch: 0, other: 1 }, exits: 1 });
  });

  it('by policy are counted once, though RestartCount rises after the end and not with it', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100, hasRestartPolicy: true }));
    noteEvent(ledger, event('die', 210, 3));
    const stopped = { state: 'exited', exitCode: 3, isCountBehind: true, hasRestartPolicy: true } as const;
    settleByInspect(ledger, facts({ ...stopped, startedAtMs: 100, finishedAtMs: 209 }));
    for (const one of [event('restart', 212), event('start', 220)]) noteEvent(ledger, one);
    settleByInspect(
      ledger,
      facts({ startedAtMs: 219, finishedAtMs: 209, restartCount: 1, hasRestartPolicy: true }),
    );
    assert.deepEqual(counted(ledger), { restarts: { policy: 1, stagewatch: 0, other: 0 }, exits: 1 });
    // An end and a start that no event and no inspect told of, and a second end.
    settleByInspect(ledger, facts({ ...stopped, startedAtMs: 319, finishedAtMs: 409, restartCount: 2 }));
    assert.equal(counted(ledger).exits, 3);
  });

  it('by policy leave the crash before them one, and ask for no later end', () => {
    const ledger = createLedger();
    settleByInspect(ledger, facts({ startedAtMs: 100, hasRestartPolicy: true }));
    for (const one of [event('die', 210, 3), event('restart', 212), event('start', 220)])
      noteEvent(ledger, one);
    assert.equal(ledger.lastEnd?.isAskedFor, false);
    noteEvent(ledger, event('die', 300, 3));
    assert.equal(ledger.lastEnd?.isAskedFor, false);
    const dead = { state: 'exited', startedAtMs: 219, finishedAtMs: 299, exitCode: 3 } as const;
    settleByInspect(ledger, facts({ ...dead, restartCount: 1, hasRestartPolicy: true }));
    assert.deepEqual(counted(ledger), { restarts: { policy: 1, stagewatch: 0, other: 0 }, exits: 2 });
  });
});
