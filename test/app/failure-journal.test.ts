import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFailureJournal } from '../../src/app/failure-journal.js';
import type { SeenSentinel } from '../../src/fleet/sentinel-observations.js';
import type { JournalFields } from '../../src/journal/journal-entry.js';
import { createFakeClock } from '../support/fake-clock.js';
import { createJudgedFleet } from '../support/judged-fleet.js';

function setUp() {
  const fleet = createJudgedFleet();
  const clock = createFakeClock();
  const written: JournalFields[] = [];
  const journal = { append: (fields: JournalFields) => written.push(fields) };
  const failures = createFailureJournal({ fleet: fleet.store.fleet, journal, clock });
  const see = (sentinel: Partial<SeenSentinel>): void =>
    failures.note({
      kind: 'sentinel-seen',
      sentinel: { outcome: 'failure', stage: 'G1', atMs: clock.nowMs(), reason: 'cuda', ...sentinel },
    });
  return { fleet, clock, written, failures, see };
}

describe('failures in the journal', () => {
  it('are written with stage, document, worker, reason and the first line of the error, bounded', () => {
    const { written, see } = setUp();
    see({ document: 'D1', worker: 'w', error: `${'x'.repeat(400)}\nTraceback` });
    see({ outcome: 'success' });
    assert.equal(written.length, 1);
    assert.deepEqual(
      { ...written[0], error: '' },
      {
        type: 'failure',
        stage: 'G1',
        document: 'D1',
        worker: 'w',
        reason: 'cuda',
        error: '',
        leftOut: undefined,
      },
    );
    assert.equal(String(written[0]?.['error']).length, 300);
  });

  it('are counted where they come too fast', async () => {
    const { written, see, clock } = setUp();
    for (let count = 0; count < 250; count++) see({ document: `D${count}` });
    assert.equal(written.length, 200);
    await clock.advance(60_000);
    see({ document: 'later' });
    assert.equal(written.at(-1)?.['leftOut'], 50);
  });

  it('of jobs that say so themselves are left to sentinels where those are watched', () => {
    const { fleet, written, failures } = setUp();
    const file = { role: 'worker', name: 'w', stage: 'G1', document: 'D1' };
    fleet.progress('w', { ...file, state: 'running' });
    fleet.progress('w', { ...file, state: 'failed' });
    failures.look();
    assert.deepEqual(written, []);
    fleet.store.forgetSource('sentinels');
    fleet.progress('w', { ...file, document: 'D2', state: 'running' });
    fleet.progress('w', { ...file, document: 'D2', state: 'failed' });
    failures.look();
    assert.deepEqual(
      written.map(({ document, worker, reason }) => [document, worker, reason]),
      [['D2', 'w', 'other']],
    );
  });
});
