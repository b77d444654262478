/** Which findings of the demo stay open though no fault of it explains them; `HOURS` of its pipeline, `SPEED`, `SEED`, `PROFILE`. */

import type { ProfileName } from '../src/simulation/profile.js';
import { runDemo } from '../test/support/demo-run.js';
import { printTable } from './support/measure.js';

const HOURS = Number(process.env['HOURS'] ?? 150);
const SPEED = Number(process.env['SPEED'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 1);
const MINUTE_MS = 60_000;

export async function run(): Promise<void> {
  const profile = (process.env['PROFILE'] ?? '2gpu') as ProfileName;
  const startedMs = performance.now();
  const { openAtEnd, lingering, opened, documentsDone, documentsFailed } = runDemo({
    profile,
    seed: SEED,
    speed: SPEED,
    hours: HOURS,
  });
  printTable(
    `${profile}, ${HOURS} h of the pipeline at ${SPEED}: open at the end`,
    ['finding', 'label', 'summary'],
    openAtEnd.map(({ finding, label = 'NONE' }) => [finding.id, label, finding.summary]),
  );
  const kinds = [...new Set(lingering.map(({ finding }) => finding.kind))];
  printTable(
    'open though no label explains it (3 minutes of real time after it included)',
    ['kind', 'findings', 'minutes: median', 'longest', 'open at the end'],
    kinds.map((kind) => {
      const list = lingering.filter(({ finding }) => finding.kind === kind);
      return [
        kind,
        list.length,
        (list[list.length >> 1]?.unexplainedMs ?? 0) / MINUTE_MS,
        (list[0]?.unexplainedMs ?? 0) / MINUTE_MS,
        list.filter(({ isOpenAtEnd }) => isOpenAtEnd).length,
      ];
    }),
  );
  for (const { finding, unexplainedMs } of lingering.slice(0, 10))
    console.log((unexplainedMs / MINUTE_MS).toFixed(0), 'min', finding.id, finding.summary, finding.evidence);
  console.log(
    `${opened} opened; ${documentsDone} documents done, ${documentsFailed} failed; ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
  );
}

if (process.argv[1]?.endsWith('demo-findings.bench.js')) await run();
