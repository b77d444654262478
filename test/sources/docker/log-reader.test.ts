import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import type { LogTail, LookAnswer, Reading } from '../../../src/fleet/engine-answers.js';
import { createLogReader } from '../../../src/sources/docker/logs/log-reader.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { createSourceHarness } from '../../support/source-harness.js';

const SIGNAL = new AbortController().signal;
const OOM = 'CUDA out of memory';

interface Asked {
  readonly id: string;
  readonly sinceMs: number;
}

/** An engine that has what a test prints, and gives what is asked for since a time and a little more, as engines do. */
function readerOf(options: object = {}) {
  const clock = createFakeClock();
  const harness = createSourceHarness(clock);
  const printed = new Map<string, { readonly atMs: number; readonly text: string }[]>();
  const asked: Asked[] = [];
  let answer: Reading<LogTail> | undefined;
  const engine = {
    look: (id: string): Promise<LookAnswer> =>
      Promise.resolve({
        kind: 'seen',
        look: { id, name: id, state: 'running', isTty: false, clockAheadMs: 0, facts: {} },
      }),
    logs({ id }: { readonly id: string }, bounds: { readonly sinceMs?: number; readonly maxLines: number }) {
      asked.push({ id, sinceMs: bounds.sinceMs ?? 0 });
      const lines = (printed.get(id) ?? [])
        .filter(({ atMs }) => atMs >= (bounds.sinceMs ?? 0) - 1000)
        .slice(-bounds.maxLines)
        .map(({ atMs, text }) => ({
          stream: 'stdout' as const,
          text: `${new Date(atMs).toISOString().replace('Z', '000000Z')} ${text}`,
        }));
      return Promise.resolve(answer ?? ({ kind: 'read', value: { lines, isCut: false } } as const));
    },
  };
  const { logs } = configSchema.parse({ logs: options });
  const reader = createLogReader({ engine, config: logs }, harness.context);
  return {
    clock,
    asked,
    logLines: harness.logLines,
    ask: (...ids: readonly string[]) => reader.ask(ids, SIGNAL),
    print(id: string, ...texts: readonly string[]) {
      const lines = printed.get(id) ?? [];
      printed.set(id, lines);
      for (const text of texts) lines.push({ atMs: clock.nowMs(), text });
    },
    answerWith(next: Reading<LogTail> | undefined) {
      answer = next;
    },
    /** Pattern and count of each reading so far. */
    found: () =>
      harness.observations.flatMap((one) =>
        one.kind === 'logs-read'
          ? one.readings.flatMap(({ id, matches }) =>
              matches.map(({ pattern, count }) => `${id} ${pattern} ${count}`),
            )
          : [],
      ),
  };
}

describe('the log of a worker', () => {
  it('is searched once for each line, though the engine gives lines again', async () => {
    const { ask, print, found, clock } = readerOf();
    print('w', OOM, 'all is well');
    await ask('w');
    assert.deepEqual(found(), ['w gpu_oom 1']);
    await clock.advance(500);
    print('w', OOM, 'No space left on device', OOM);
    await clock.advance(30_000);
    await ask('w');
    assert.deepEqual(found(), ['w gpu_oom 1', 'w gpu_oom 2', 'w disk_full 1']);
    await clock.advance(30_000);
    await ask('w');
    assert.equal(found().length, 3);
  });

  it('is searched at most once an interval, and others meanwhile', async () => {
    const { ask, asked, clock } = readerOf();
    await ask('w');
    await ask('w', 'v');
    assert.deepEqual(
      asked.map(({ id }) => id),
      ['w', 'v'],
    );
    await clock.advance(30_000);
    await ask('w', 'v');
    assert.equal(asked.length, 4);
  });

  it('is searched five minutes back when its worker comes under watch, also after a long time', async () => {
    const { ask, print, found, clock, asked } = readerOf();
    print('w', OOM);
    await clock.advance(6 * 60_000);
    print('w', 'Segmentation fault');
    await ask('w');
    assert.deepEqual(found(), ['w segfault 1']);
    await clock.advance(40 * 60_000);
    await ask('w');
    assert.equal(asked.at(-1)?.sinceMs, clock.nowMs() - 5 * 60_000);
  });

  it('that the engine cannot tell is left alone for ten minutes, with one word in the log', async () => {
    const { ask, answerWith, asked, clock, logLines } = readerOf();
    answerWith({ kind: 'untold', problem: 'configured logging driver does not support reading' });
    await ask('w');
    await clock.advance(60_000);
    await ask('w', 'v');
    assert.deepEqual(
      asked.map(({ id }) => id),
      ['w', 'v'],
    );
    assert.equal(logLines.filter((line) => line.includes('cannot be searched')).length, 1);
    answerWith(undefined);
    await clock.advance(10 * 60_000);
    await ask('w');
    assert.equal(asked.length, 3);
  });

  it('is one of 32 at most in a turn; the others have theirs in the next', async () => {
    const { ask, asked } = readerOf();
    const ids = Array.from({ length: 50 }, (_, index) => `w${index}`);
    await ask(...ids);
    assert.equal(asked.length, 32);
    await ask(...ids);
    assert.equal(new Set(asked.map(({ id }) => id)).size, 50);
  });
});
