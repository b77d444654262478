/** An observer of sentinels in the test's own thread, over a real folder, with single calls to the system replaced. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/lib/clock.js';
import { createObserver } from '../../src/sources/sentinels/observer.js';
import { type ObserverIo, systemIo } from '../../src/sources/sentinels/observer-io.js';
import type {
  Look,
  Note,
  ObserverEvent,
  ObserverOptions,
  Problem,
} from '../../src/sources/sentinels/observer-messages.js';
import { createReporter } from '../../src/sources/sentinels/reporter.js';
import { tempDir } from './temp-dir.js';
import { waitFor } from './wait-for.js';

export interface ObserverHarness {
  readonly root: string;
  readonly events: ObserverEvent[];
  readonly notes: Note[];
  readonly problems: Problem[];
  readonly losses: Problem[];
  readonly looks: Look[];
  /** `G1: 2 ok, 1 failed` for every stage that was ever counted. */
  counted(stage: string): string;
  /** Writes a file below the root, with the folders above it. */
  put(path: string, content?: string): Promise<void>;
  /** Resolves after a look at everything that began after the call. */
  nextLook(): Promise<Look>;
  start(): Promise<void>;
}

export async function observerHarness(
  test: Pick<TestContext, 'after'>,
  options: Partial<ObserverOptions> = {},
  io: Partial<ObserverIo> = {},
): Promise<ObserverHarness> {
  const root = options.root ?? join(await tempDir(test), 'artifacts');
  await mkdir(root, { recursive: true });
  const seen = { events: [], notes: [], problems: [], losses: [], looks: [] } as {
    events: ObserverEvent[];
    notes: Note[];
    problems: Problem[];
    losses: Problem[];
    looks: Look[];
  };
  const counts = new Map<string, string>();
  const reporter = createReporter((report) => {
    seen.events.push(...report.events);
    seen.notes.push(...report.notes);
    seen.problems.push(...report.problems);
    if (report.lost) seen.losses.push(report.lost);
    for (const { stage, successes, failures } of report.counts) {
      counts.set(stage, `${successes} ok, ${failures} failed`);
    }
    if (report.look) seen.looks.push(report.look);
    setImmediate(reporter.taken);
  });
  const observer = createObserver(
    {
      root,
      pattern: '{document}/{stage}/sentinel.json',
      intervalMs: 100,
      fullScanIntervalMs: 3_600_000,
      watchBudget: 0.2,
      newSinceMs: Date.now(),
      ...options,
    },
    { io: { ...systemIo, ...io }, clock: systemClock, reporter },
  );
  test.after(() => observer.stop());

  async function nextLook(): Promise<Look> {
    const before = seen.looks.length;
    // The look that is under way may have passed already what the caller has changed.
    return waitFor('a look at everything', () => seen.looks[before + 1]);
  }

  return {
    ...seen,
    root,
    counted: (stage) => counts.get(stage) ?? 'never counted',
    async put(path, content = '{}') {
      const whole = join(root, path);
      await mkdir(dirname(whole), { recursive: true });
      await writeFile(whole, content);
    },
    nextLook,
    async start() {
      observer.start();
      // Watches are set up by the second look.
      await waitFor('two looks', () => seen.looks.length > 1 || seen.losses.length > 0);
    },
  };
}
