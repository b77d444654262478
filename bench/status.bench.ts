/** How long the status screen of 321 containers takes: from the daemon's JSON to the text of a terminal. */

import { describePicture } from '../src/views/picture/picture.js';
import { encodeLine, type InkOptions } from '../src/views/terminal/ink.js';
import { renderScreen } from '../src/views/terminal/status-screen.js';
import { composeFrame } from '../src/views/terminal/watch-frame.js';
import { FIRST_STATE } from '../src/views/terminal/watch-state.js';
import { simulateFleetJson } from '../test/support/simulated-fleet.js';
import { measureInTurns, printTable } from './support/measure.js';

const INK: InkOptions = { colours: '24-bit', theme: 'dark', isAscii: false };
const LIMIT_MS = 20;
const ROUNDS = 100;

export async function run(): Promise<void> {
  const fleet = simulateFleetJson({
    profile: '8gpu',
    minutes: 45,
    faults: [
      { kind: 'hang', minute: 25 },
      { kind: 'mass-hang', minute: 30 },
      { kind: 'gpu-lost', minute: 41 },
    ],
  });
  const text = JSON.stringify(fleet);
  const nowMs = Date.parse(fleet.at ?? '');
  const picture = describePicture({ fleet, nowMs });
  const screen = (width: number): string =>
    renderScreen(picture, { width, isProblemsOnly: false, narrowedTo: null, fault: null, pageRows: null })
      .map(({ line }) => encodeLine(line, INK))
      .join('\n');
  const frame = { columns: 120, rows: 50, fault: null };
  const measured = await measureInTurns(
    [
      { name: 'JSON parsed', run: () => JSON.parse(text) },
      { name: 'picture made', run: () => describePicture({ fleet, nowMs }) },
      { name: 'screen of 80 columns', run: () => screen(80) },
      { name: 'screen of 240 columns', run: () => screen(240) },
      {
        name: 'picture and frame of --watch',
        run: () => {
          const { lines } = composeFrame(describePicture({ fleet, nowMs }), FIRST_STATE, frame);
          return lines.map((line) => encodeLine(line, INK));
        },
      },
    ],
    ROUNDS,
  );
  printTable(
    `stagewatch status of ${fleet.containers.length} containers (limit ${LIMIT_MS} ms for a render)`,
    ['part', 'best ms', 'median ms', 'p99 ms'],
    measured.map(({ name, minMs, medianMs, p99Ms }) => [name, minMs, medianMs, p99Ms]),
  );
}

if (process.argv[1]?.endsWith('status.bench.js')) await run();
