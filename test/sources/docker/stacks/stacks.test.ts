import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dumpSignalOf } from '../../../../src/fleet/dump-label.js';
import type { LogLine } from '../../../../src/fleet/engine-answers.js';
import { faultsOfLabels } from '../../../../src/fleet/label-faults.js';
import type { Observation } from '../../../../src/fleet/observations.js';
import { describeStacks } from '../../../../src/sources/docker/stacks/describe-stacks.js';
import { createStackReader, type StackEngine } from '../../../../src/sources/docker/stacks/stack-reader.js';
import { createFakeClock } from '../../../support/fake-clock.js';
import { createSourceHarness } from '../../../support/source-harness.js';

const DUMP = [
  'INFO page 3 of 9',
  'Thread 0x00007f2a1c3fe6c0 (most recent call first):',
  '  File "/usr/lib/python3.11/socket.py", line 706 in readinto',
  '  File "/app/ocr.py", line 88 in fetch',
  '  File "/app/worker.py", line 12 in run',
  '',
  'Thread 0x00007f2a1c3fe6d0 (most recent call first):',
  '  File "/app/pool.py", line 5 in wait',
  'Thread 0x00007f2a1c3fe6e0 (most recent call first):',
  '  File "/app/pool.py", line 5 in wait',
  'Current thread 0x00007f2a1d4a1740 (most recent call first):',
  '  File "/usr/lib/python3/dist-packages/pika/select_connection.py", line 588 in poll',
  '  File "/usr/lib/python3/dist-packages/pika/x.py", line 1 in y',
];
const LINE: LogLine = { stream: 'stderr', text: '' };

describe('stacks that a container printed', () => {
  it('are told by the worker’s own code, with what it called, alike ones once', () => {
    const stacks = describeStacks(DUMP);
    assert.equal(
      stacks?.summary,
      'stacks of 4 threads: ocr.py:88 in fetch (socket.py:706 in readinto); 2 at pool.py:5 in wait; select_connection.py:588 in poll',
    );
    assert.equal(stacks?.lines.length, 11);
    assert.equal(stacks?.lines[0], DUMP[1]);
  });

  it('are none where the log has no head of a thread, and bounded where it has many', () => {
    assert.equal(describeStacks(['INFO x', '  File "/a.py", line 1 in b']), undefined);
    const many = Array.from({ length: 500 }, (_, index) => [
      `Thread 0x${index.toString(16)} (most recent call first):`,
      `  File "/app/${'a'.repeat(400)}${index}.py", line ${index} in \u001b[2Jx`,
    ]).flat();
    const stacks = describeStacks(many);
    assert.equal(stacks?.lines.length, 120);
    assert.ok((stacks?.summary.length ?? 999) <= 300);
    assert.ok(!stacks?.lines.join('').includes('\u001b['));
  });
});

describe('the label that allows to ask for stacks', () => {
  it('names one of two signals; any other is a fault and asks for nothing', () => {
    const signalOf = (value: string) => dumpSignalOf({ 'stagewatch.dump_signal': value });
    assert.deepEqual(['SIGUSR1', 'usr2', ' SIGUSR2 '].map(signalOf), ['SIGUSR1', 'SIGUSR2', 'SIGUSR2']);
    assert.deepEqual(['SIGKILL', 'QUIT', '', '10'].map(signalOf), Array(4).fill(undefined));
    assert.equal(dumpSignalOf({}), undefined);
    assert.deepEqual(faultsOfLabels({ 'stagewatch.dump_signal': 'USR1' }, []), []);
    assert.deepEqual(faultsOfLabels({ 'stagewatch.dump_signal': 'SIGTERM' }, []), [
      'label stagewatch.dump_signal=SIGTERM is not SIGUSR1 or SIGUSR2: it is never asked for its stacks',
    ]);
  });
});

describe('a suspect', () => {
  function setUp(change: Partial<StackEngine> = {}) {
    const clock = createFakeClock();
    const { context, observations, logLines } = createSourceHarness(clock);
    const sent: string[] = [];
    let said: readonly string[] = [];
    const engine: StackEngine = {
      look: (id) => {
        const look = { id, name: id, state: 'running', isTty: false, clockAheadMs: 0, facts: {} } as const;
        return Promise.resolve({ kind: 'seen', look });
      },
      signal(id, name) {
        sent.push(`${id} ${name}`);
        return Promise.resolve({ kind: 'read', value: true });
      },
      logs: () => {
        const lines = said.map((text) => ({ ...LINE, text: `2025-11-23T12:00:00.000000001Z ${text}` }));
        return Promise.resolve({ kind: 'read', value: { lines, isCut: false } });
      },
      ...change,
    };
    const reader = createStackReader(engine, context);
    const ask = (...ids: readonly string[]) =>
      reader.ask(
        ids.map((id) => ({ id, dumpSignal: 'SIGUSR1' })),
        new AbortController().signal,
      );
    /** In steps, so that each answer is there before the next timer. */
    const pass = async (ms: number) => {
      for (let passed = 0; passed <= ms; passed += 100) await clock.advance(passed === 0 ? 0 : 100);
    };
    const print = (lines: readonly string[]) => {
      said = lines;
    };
    return { clock, observations, logLines, sent, ask, pass, print };
  }

  it('is asked once in five minutes, two at a time, and its stacks are read as they come', async () => {
    const { clock, observations, sent, ask, pass, print } = setUp();
    const first = ask('aaa', 'bbb', 'ccc');
    await pass(400);
    assert.deepEqual(sent, ['aaa SIGUSR1', 'bbb SIGUSR1']);
    assert.equal(observations.length, 0);
    print(DUMP);
    await pass(700);
    await first;
    assert.deepEqual(
      observations.flatMap((one: Observation) =>
        one.kind === 'stacks-read' ? one.readings.map(({ id }) => id) : [],
      ),
      ['aaa', 'bbb'],
    );
    const second = ask('aaa', 'bbb', 'ccc');
    await pass(400);
    await second;
    assert.deepEqual(sent.slice(2), ['ccc SIGUSR1']);
    await clock.advance(300_000);
    void ask('aaa');
    await clock.advance(0);
    assert.deepEqual(sent.slice(3), ['aaa SIGUSR1']);
  });

  it('that prints nothing is left alone after two seconds', async () => {
    const { observations, logLines, ask, pass, print } = setUp();
    print(['INFO page 3 of 9']);
    const asking = ask('aaa');
    await pass(2100);
    await asking;
    assert.deepEqual(observations, []);
    assert.match(logLines.join(''), /the signal brought no stacks onto the log/);
  });

  it('is not asked while it does not run, and a refused signal is told with the remedy', async () => {
    const paused = setUp({
      look: (id) => {
        const look = { id, name: id, state: 'paused', isTty: false, clockAheadMs: 0, facts: {} } as const;
        return Promise.resolve({ kind: 'seen', look });
      },
    });
    await paused.ask('aaa');
    assert.deepEqual(paused.sent, []);
    const refused = setUp({ signal: () => Promise.resolve({ kind: 'untold', problem: 'HTTP 403: no' }) });
    await refused.ask('aaa');
    assert.match(refused.logLines.join(''), /HTTP 403: no.*must allow POST \/containers\/…\/kill/);
  });
});
