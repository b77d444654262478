import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ProgressIgnoreReason } from '../../../src/fleet/progress-model.js';
import { createProgressAnnouncer } from '../../../src/sources/progress/progress-announcer.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { createSourceHarness } from '../../support/source-harness.js';

const FILES = 5000;
const LOOKS = 30;
const LOOK_MS = 2000;
const REASONS: readonly ProgressIgnoreReason[] = ['not_json', 'oversized', 'not_utf8'];

it('a flood of progress files that break in one way after the other is some lines of each kind a minute', async () => {
  const clock = createFakeClock();
  const { context, logLines } = createSourceHarness(clock);
  const announcer = createProgressAnnouncer(context);
  for (let look = 0; look < LOOKS; look++) {
    const reason = REASONS[look % REASONS.length] ?? 'not_json';
    const changed = Array.from({ length: FILES }, (_, file) => ({
      name: `w-${file}`,
      mtimeMs: look,
      reading: { kind: 'ignored', reason, detail: 'x' } as const,
    }));
    announcer.announce({ isComplete: false, changed, removed: [], skipped: 0 }, clock.nowMs());
    await clock.advance(LOOK_MS);
  }
  const lines = logLines.map((line) => JSON.parse(line) as { reason: string; more?: number; msg: string });
  assert.equal(lines.length, REASONS.length * 11);
  for (const reason of REASONS) {
    const [held] = lines.filter((line) => line.reason === reason && line.more !== undefined);
    assert.equal(held?.more, (LOOKS / REASONS.length) * FILES - 10, reason);
  }
});
