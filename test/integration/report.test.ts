import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCommandLine } from '../../src/cli/program.js';
import { recordSimulatedHistory, startHistoryPrometheus } from '../support/simulated-history.js';
import { writeSimulatedJournal } from '../support/simulated-journal.js';
import { tempDir } from '../support/temp-dir.js';

const MINUTE_MS = 60_000;
const WARM_UP = 30;
const MINUTES = 45;
const FAULTS = [
  ['hang', 8, 15],
  ['crash-with-sentinel', 12, 5],
  ['vram-leak', 5, 40],
] as const;

interface Told {
  readonly figures: Record<string, number | null>;
  readonly stages: {
    id: string;
    completed: number;
    p95Seconds: number | null;
    gpuPeakBytes: number | null;
    gpuIdleHours: number | null;
    waiting: unknown[];
  }[];
  readonly stuck: { container: string; seconds: number }[];
  readonly alerts: { kind: string; beganAtMs: number | null }[];
  readonly gpus: { peakBytes: number }[];
  readonly notes: string[];
}

async function report(args: readonly string[]): Promise<Told> {
  let stdout = '';
  await runCommandLine(['report', '--format', 'json', ...args], {
    env: {},
    version: '0',
    isTerminal: false,
    write: (text) => (stdout += text),
    writeError: (text) => assert.fail(text),
    onSignal: () => undefined,
  });
  return JSON.parse(stdout) as Told;
}

describe('a run of which a real Prometheus and a journal tell', () => {
  it('is reported alike by both', async (test) => {
    const folder = await tempDir(test);
    const history = await recordSimulatedHistory({
      folder,
      seed: 4,
      warmUpMinutes: WARM_UP,
      minutes: MINUTES,
      faults: FAULTS.map(([kind, at, lasts]) => [kind, at, lasts]),
      // As in the run of which the journal tells.
      restarts: false,
    });
    const journal = `${folder}/data`;
    await writeSimulatedJournal({
      folder: journal,
      profile: '2gpu',
      seed: 4,
      startMs: history.startMs - WARM_UP * MINUTE_MS,
      minutes: WARM_UP + MINUTES,
      faults: FAULTS.map(([kind, at, lasts]) => [kind, at + WARM_UP, lasts]),
    });
    const prometheus = await startHistoryPrometheus(folder);
    test.after(() => prometheus.stop());
    const range = ['--from', String(history.startMs / 1000), '--to', String(history.endMs / 1000)];
    const measured = await report(['--prometheus', prometheus.url, ...range]);
    const written = await report(['--journal', journal, ...range]);
    const both = await report(['--prometheus', prometheus.url, '--journal', journal, ...range]);

    const isNear = (
      one: number | null | undefined,
      other: number | null | undefined,
      within: number,
    ): boolean => Math.abs((one ?? Number.NaN) - (other ?? Number.NaN)) <= within;
    assert.ok((measured.figures['done'] ?? 0) > 30);
    // Summaries are five minutes apart and do not begin with the range.
    assert.ok(
      isNear(measured.figures['done'], written.figures['done'], 15),
      JSON.stringify([measured.figures, written.figures]),
    );
    assert.equal(both.figures['done'], measured.figures['done']);
    assert.equal(both.figures['failed'], 1);
    assert.equal(measured.stages.length, 10);
    for (const [index, { id, p95Seconds, completed }] of measured.stages.entries()) {
      assert.equal(written.stages[index]?.id, id);
      if (completed < 30) continue;
      const other = written.stages[index]?.p95Seconds ?? 0;
      assert.ok(isNear(p95Seconds, other, Math.max(5, other * 0.3)), `${id}: ${p95Seconds} and ${other}`);
    }
    const [stuck] = measured.stuck;
    const same = written.stuck.find(({ container }) => container === stuck?.container);
    // The status begins when the limit is passed, the finding when the silence began: 5 minutes by default.
    assert.ok(isNear(stuck?.seconds, same?.seconds, 6 * 60), JSON.stringify([measured.stuck, written.stuck]));
    assert.ok(measured.alerts.some(({ kind, beganAtMs }) => kind === 'WorkerStuck' && beganAtMs !== null));
    assert.equal(measured.gpus.length, 2);
    for (const { id, gpuPeakBytes, gpuIdleHours } of measured.stages) {
      assert.ok((gpuPeakBytes ?? 0) > 2 ** 30, id);
      assert.ok(gpuIdleHours !== null && gpuIdleHours >= 0 && gpuIdleHours < 4, `${id}: ${gpuIdleHours}`);
    }
    assert.ok(measured.stages.some(({ gpuIdleHours }) => (gpuIdleHours ?? 0) > 0.01));
    assert.ok(written.stages.every(({ gpuPeakBytes }) => gpuPeakBytes === null));
    assert.ok(isNear(measured.gpus[0]?.peakBytes, written.gpus[0]?.peakBytes, 2 ** 33));
    assert.ok(!measured.notes.some((note) => /could not tell/.test(note)), measured.notes.join('; '));
  });
});
