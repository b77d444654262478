import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPainter } from '../../../src/views/terminal/painter.js';
import { type Reading, type Terminal, watch } from '../../../src/views/terminal/watch.js';
import {
  applyKey,
  FIRST_STATE,
  splitKeys,
  type WatchState,
} from '../../../src/views/terminal/watch-state.js';
import { createFakeClock } from '../../support/fake-clock.js';

const AROUND = {
  stages: ['G1', 'G2'],
  gpus: ['0'],
  targets: ['a', 'b', 'c'],
  firstVisible: 'b',
  pageRows: 10,
};

function press(keys: readonly string[], from: Partial<WatchState> = {}): WatchState | 'quit' {
  let state: WatchState | 'quit' = { ...FIRST_STATE, ...from };
  for (const key of keys) if (state !== 'quit') state = applyKey(state, key, AROUND);
  return state;
}

const DOWN = '\u001b[B';
const UP = '\u001b[A';

describe('keys', () => {
  for (const [what, keys, expected] of [
    ['q quits', ['q'], 'quit'],
    ['Ctrl-C quits, while typing too', ['/', '\u0003'], 'quit'],
    ['q is a letter while typing', ['/', 'q'], { typing: 'q', narrowing: { text: 'q' } }],
    ['Enter keeps what was typed', ['/', 'd', 'e', '\r'], { typing: null, narrowing: { text: 'de' } }],
    ['backspace takes back', ['/', 'd', '文', '\u007f'], { typing: 'd' }],
    ['Esc while typing drops the text', ['/', 'd', '\u001b'], { typing: null, narrowing: { text: '' } }],
    ['s goes through the stages', ['s', 's'], { narrowing: { stage: 'G2' } }],
    ['s comes back to all', ['s', 's', 's'], { narrowing: { stage: null } }],
    ['g goes through the GPUs', ['g'], { narrowing: { gpu: '0' } }],
    ['p toggles problems', ['p'], { isProblemsOnly: true }],
    ['down selects the first that is seen, then the next', [DOWN, DOWN], { selected: 'c' }],
    ['down stops at the last', [DOWN, DOWN, DOWN], { selected: 'c' }],
    ['up goes back', [DOWN, UP], { selected: 'a' }],
    ['l shows the commands of what is selected', [DOWN, 'l'], { hasCommands: true }],
    ['l without a selection shows nothing', ['l'], { hasCommands: false }],
    [
      'Esc shows all again',
      ['s', 'p', DOWN, '\u001b'],
      { selected: null, isProblemsOnly: false, narrowing: { stage: null } },
    ],
    ['page down scrolls', ['\u001b[6~'], { scroll: 10 }],
    ['an unknown key does nothing', ['x', '\u001b[24~'], {}],
  ] as const) {
    it(what, () => {
      const state = press(keys);
      if (expected === 'quit') assert.equal(state, 'quit');
      else assert.deepEqual(pick(state, expected), expected);
    });
  }

  it('are told apart when they come at once', () => {
    assert.deepEqual(splitKeys(`${DOWN}l\u001b[6~文\u001b`), [DOWN, 'l', '\u001b[6~', '文', '\u001b']);
  });
});

/** The part of `value` that `shape` has. */
function pick(value: unknown, shape: unknown): unknown {
  if (typeof shape !== 'object' || shape === null) return value;
  const source = value as Record<string, unknown>;
  return Object.fromEntries(Object.entries(shape).map(([key, part]) => [key, pick(source[key], part)]));
}

describe('the painter', () => {
  it('opens the alternate screen, writes only lines that changed, and gives the terminal back once', () => {
    const written: string[] = [];
    const painter = createPainter((text) => written.push(text));
    const lines = (...texts: string[]) => texts.map((text) => ({ text, isFull: false }));
    painter.paint(lines('a', 'b'));
    assert.match(written[0] ?? '', /\[\?1049h.*a.*b/s);
    painter.paint(lines('a', 'b'));
    assert.equal(written.length, 1);
    painter.paint(lines('a', 'c'));
    assert.equal(written[1], '\u001b[?2026h\u001b[2;1Hc\u001b[K\u001b[?2026l');
    painter.paint(lines('a'));
    assert.ok(written[2]?.includes('\u001b[2;1H\u001b[K'));
    painter.forget();
    painter.paint(lines('a'));
    assert.match(written[3] ?? '', /\[2J.*a/s);
    painter.leave();
    painter.leave();
    assert.equal(written.filter((text) => text.includes('[?1049l')).length, 1);
  });

  it('does not erase the last character of a full line', () => {
    const written: string[] = [];
    createPainter((text) => written.push(text)).paint([{ text: 'full', isFull: true }]);
    assert.ok(!written[0]?.includes('full\u001b[K'));
  });
});

interface Watched {
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly screen: () => string;
  type(keys: string): void;
  readonly isReleased: () => boolean;
  readonly ended: ReturnType<typeof watch>;
}

function startWatch(read: () => Promise<Reading>): Watched {
  const clock = createFakeClock();
  const written: string[] = [];
  let keys: (data: string) => void = () => undefined;
  let held = 0;
  const hold = (): (() => void) => {
    held++;
    return () => held--;
  };
  const terminal: Terminal = {
    columns: () => 100,
    rows: () => 30,
    onKeys(handler) {
      keys = handler;
      return hold();
    },
    onResize: hold,
  };
  const ended = watch({
    read,
    terminal,
    write: (text) => written.push(text),
    clock,
    ink: { colours: 'none', theme: 'dark', isAscii: false },
    ended: new Promise(() => undefined),
  });
  return {
    clock,
    screen: () => written.join(''),
    type: (data) => keys(data),
    isReleased: () => held === 0,
    ended,
  };
}

const FLEET = {
  at: '2026-01-01T00:00:00.000Z',
  containers: [{ container: 'w', role: 'worker', state: 'running' }],
  workers: [{ container: 'w', status: 'active' }],
};
const READ: Reading = { kind: 'read', parts: { fleet: FLEET }, atMs: Date.parse(FLEET.at) };
const FAILED: Reading = { kind: 'failed', problem: 'cannot reach http://there: refused' };

describe('watching', () => {
  it('says that it asks before it says anything of the pipeline, and why where nothing answers', async () => {
    const asking = startWatch(() => new Promise(() => undefined));
    assert.match(asking.screen(), /Asking the daemon …/);
    assert.doesNotMatch(asking.screen(), /No container|No problems/);
    asking.type('q');
    assert.equal(await asking.ended, undefined);
    const failed = startWatch(() => Promise.resolve(FAILED));
    await failed.clock.advance(1000);
    assert.match(failed.screen(), /cannot reach http:\/\/there: refused/);
    assert.doesNotMatch(failed.screen(), /No container|No problems/);
    failed.type('q');
    assert.equal(await failed.ended, undefined);
  });

  it('shows the age of the data as it grows, by the daemon’s clock', async () => {
    let reads = 0;
    const watched = startWatch(() => (reads++ === 0 ? Promise.resolve(READ) : new Promise(() => undefined)));
    await watched.clock.advance(4000);
    assert.match(watched.screen(), /All well: 1 worker busy/);
    assert.match(watched.screen(), /data 3s old/);
    watched.type('q');
    await watched.ended;
  });

  it('keeps what was known when the daemon goes, says why, and goes on when it is back', async () => {
    let reading: Reading = READ;
    const watched = startWatch(() => Promise.resolve(reading));
    await watched.clock.advance(1000);
    reading = FAILED;
    await watched.clock.advance(2000);
    assert.match(watched.screen(), /refused; shown is what was known before, trying again/);
    reading = READ;
    await watched.clock.advance(2000);
    watched.type('q');
    assert.ok(await watched.ended);
  });

  it('ends without a picture when the daemon never answered, and gives the terminal back', async () => {
    const watched = startWatch(() => Promise.resolve(FAILED));
    await watched.clock.advance(1000);
    assert.match(watched.screen(), /refused/);
    watched.type('q');
    assert.equal(await watched.ended, undefined);
    assert.ok(watched.isReleased());
    assert.match(watched.screen(), /\[\?25h.*\[\?1049l/);
  });
});
