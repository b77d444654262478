/** What the page costs for 321 containers: making and compressing its JSON, and bringing a browser up to date with it. */

import { gzipSync } from 'node:zlib';
import { NO_HISTORY } from '../src/views/history/fleet-history.js';
import { createEventChunk } from '../src/views/live/event-chunk.js';
import { renderPagePicture } from '../src/views/live/page-picture.js';
import { startBrowser } from '../test/support/browser.js';
import { NO_RECOVERY } from '../test/support/no-recovery.js';
import { type SimulatedPage, serveSimulatedPage } from '../test/support/simulated-page.js';
import { waitFor } from '../test/support/wait-for.js';
import { measureInTurns, printTable, summarize } from './support/measure.js';

const ROUNDS = 60;
const UPDATES = 30;

async function measureMaking(served: SimulatedPage): Promise<void> {
  const facts = {
    fleet: served.fleet,
    verdicts: served.verdicts,
    history: NO_HISTORY,
    recovery: NO_RECOVERY,
    silences: () => null,
    version: '0.1.0',
    journalAt: () => null,
    canAct: () => false,
    isExposed: () => false,
  };
  const make = (): string => JSON.stringify(renderPagePicture(facts, served.clock.nowMs()));
  const text = make();
  const rows = await measureInTurns(
    [
      { name: 'JSON', run: make },
      { name: 'JSON and compressed for all clients', run: () => createEventChunk(make()).packed },
    ],
    ROUNDS,
  );
  printTable(
    `The page's picture of ${served.fleet.containers.size + served.fleet.ignored.size} containers (limits: 10 ms, 100 kB)`,
    ['way', 'least ms', 'median ms', 'p99 ms', 'kB', 'kB gzip'],
    rows.map(({ name, minMs, medianMs, p99Ms }) => [
      name,
      minMs,
      medianMs,
      p99Ms,
      text.length / 1000,
      gzipSync(text).length / 1000,
    ]),
  );
}

/** The page marks each update with how long the main thread was at it; the browser lays out and paints after that. */
async function measureBrowser(served: SimulatedPage): Promise<void> {
  const browser = await startBrowser();
  const { page } = await browser.open(`${served.url}/`);
  await page.locator('body:not(.is-empty)').waitFor();
  await page.evaluate('performance.clearMeasures()');
  for (let update = 1; update <= UPDATES; update++) {
    await served.pass(5);
    await waitFor('an update', () =>
      page.evaluate<boolean>(`performance.getEntriesByName('update').length >= ${update}`),
    );
  }
  const times = await page.evaluate<number[]>(
    "performance.getEntriesByName('update').map(({ duration }) => duration)",
  );
  const nodes = await page.evaluate<number>("document.querySelectorAll('*').length");
  await browser.close();
  const { medianMs, p99Ms, minMs } = summarize(times);
  printTable(
    'A full update of the page, on the browser’s main thread',
    ['updates', 'elements', 'median ms', 'p99 ms', 'least ms'],
    [[times.length, nodes, medianMs, p99Ms, minMs]],
  );
}

export async function run(): Promise<void> {
  const served = await serveSimulatedPage({ profile: '8gpu', faults: [{ kind: 'hang', atMinute: 1 }] });
  await served.pass(8 * 60);
  await measureMaking(served);
  await measureBrowser(served);
  await served.stop();
}

if (process.argv[1]?.endsWith('page.bench.js')) await run();
