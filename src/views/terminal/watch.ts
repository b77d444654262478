/** Watches the daemon in a terminal: asks again and again, repaints when something changed, obeys keys, until it is left. */

import type { Clock, Timer } from '../../lib/clock.js';
import { describePicture, type Picture, type PictureParts } from '../picture/picture.js';
import { encodeLine, type InkOptions } from './ink.js';
import { createPainter } from './painter.js';
import { widthOf } from './spans.js';
import { composeFirstFrame, composeFrame, type Frame } from './watch-frame.js';
import { applyKey, FIRST_STATE, splitKeys, type WatchState } from './watch-state.js';

/** The terminal a person sits at. */
export interface Terminal {
  readonly columns: () => number;
  readonly rows: () => number;
  /** Both end with what they answer. */
  onKeys(handler: (data: string) => void): () => void;
  onResize(handler: () => void): () => void;
}

/** What the daemon said at one moment, or why it said nothing. */
export type Reading =
  | { readonly kind: 'read'; readonly parts: Omit<PictureParts, 'nowMs'>; readonly atMs: number }
  | { readonly kind: 'failed'; readonly problem: string };

export interface WatchOptions {
  readonly read: () => Promise<Reading>;
  readonly terminal: Terminal;
  readonly write: (text: string) => void;
  readonly clock: Clock;
  readonly ink: InkOptions;
  readonly state?: Partial<WatchState>;
  /** Resolves when somebody else ends it. */
  readonly ended: Promise<unknown>;
}

const READ_EVERY_MS = 2000;
/** The age of the data is shown in seconds. */
const TICK_MS = 1000;

/** Resolves with the last picture, undefined when the daemon could not be reached in the end. */
export async function watch(options: WatchOptions): Promise<Picture | undefined> {
  const { read, terminal, write, clock, ink } = options;
  const painter = createPainter(write);
  const timers = new Set<Timer>();
  let state: WatchState = { ...FIRST_STATE, ...options.state };
  let last: { readonly parts: Omit<PictureParts, 'nowMs'>; readonly aheadMs: number } | undefined;
  let fault: string | null = null;
  let frame: Frame | undefined;
  let hasLeft = false;
  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });

  /** Undefined until the daemon has answered: of what nothing was asked, nothing is said. */
  function pictureNow(): Picture | undefined {
    // By the daemon's clock, which may differ from ours.
    return last && describePicture({ ...last.parts, nowMs: clock.monotonicMs() + last.aheadMs });
  }

  function paint(): void {
    if (hasLeft) return;
    const columns = Math.max(1, terminal.columns());
    const size = { columns, rows: Math.max(1, terminal.rows()) };
    const picture = pictureNow();
    frame = picture
      ? composeFrame(picture, state, { ...size, fault })
      : composeFirstFrame(fault ?? 'Asking the daemon …', state, size);
    ({ state } = frame);
    painter.paint(
      frame.lines.map((line) => ({ text: encodeLine(line, ink), isFull: widthOf(line) >= columns })),
    );
  }

  function every(ms: number, act: () => Promise<void> | void): void {
    const timer = clock.after(ms, () => {
      timers.delete(timer);
      void Promise.resolve(act()).then(() => {
        if (!hasLeft) every(ms, act);
      });
    });
    timers.add(timer);
  }

  async function readNow(): Promise<void> {
    const reading = await read();
    if (reading.kind === 'failed') {
      fault = last ? `${reading.problem}; shown is what was known before, trying again` : reading.problem;
    } else {
      fault = null;
      last = { parts: reading.parts, aheadMs: reading.atMs - clock.monotonicMs() };
    }
    paint();
  }

  function onKeys(data: string): void {
    for (const key of splitKeys(data)) {
      if (!frame) break;
      const next = applyKey(state, key, frame.around);
      if (next === 'quit') {
        leave();
        return;
      }
      state = next;
      paint();
    }
  }

  const release = [
    terminal.onKeys(onKeys),
    terminal.onResize(() => {
      painter.forget();
      paint();
    }),
  ];
  try {
    paint();
    void readNow().then(() => {
      if (!hasLeft) every(READ_EVERY_MS, readNow);
    });
    every(TICK_MS, paint);
    await Promise.race([left, options.ended]);
  } finally {
    hasLeft = true;
    for (const timer of timers) timer.cancel();
    for (const end of release) end();
    painter.leave();
  }
  return fault === null ? pictureNow() : undefined;
}
