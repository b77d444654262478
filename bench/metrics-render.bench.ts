/** How long /metrics takes to render, against the floor of joining cached prefixes, and how long it blocks the loop. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Gauge, Registry } from 'prom-client';
import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../src/fleet/fleet-store.js';
import type { ContainerFacts } from '../src/fleet/observations.js';
import { systemClock } from '../src/lib/clock.js';
import { containerFamilies } from '../src/metrics/container-families.js';
import { createMetricsPage, type MetricsPage } from '../src/metrics/page.js';
import { containerFacts } from '../test/support/build-fleet.js';
import { NO_DAEMON_FACTS } from '../test/support/no-verdicts.js';
import { TEST_CLASSIFY } from '../test/support/source-harness.js';
import { measureInTurns, printTable } from './support/measure.js';

interface Fixture {
  readonly store: FleetStore;
  readonly facts: readonly ContainerFacts[];
}

function fixture(containers: number): Fixture {
  const store = createFleetStore(createClassifier(TEST_CLASSIFY));
  const facts = Array.from({ length: containers }, (_, index) =>
    containerFacts(`paddle-worker-gpu${index % 8}-${index}`, {
      health: 'healthy',
      exitCode: 3,
      finishedAtMs: 1_763_900_000_000,
    }),
  );
  for (const one of facts)
    store.apply({ kind: 'container-inspected', atMs: 1, facts: { ...one, state: 'exited' } });
  for (const one of facts) store.apply({ kind: 'container-inspected', atMs: 2, facts: one });
  store.apply({ kind: 'source-read', source: 'docker', atMs: 2, durationMs: 1 });
  return { store, facts };
}

/** The least that any exporter must do: put known label strings and numbers in one text. */
function createFloor(page: string): () => Buffer {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const prefixes = lines.map((line) => line.slice(0, line.lastIndexOf(' ') + 1));
  const values = Float64Array.from(lines, (line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return () => {
    let text = '';
    for (let index = 0; index < prefixes.length; index++) text += `${prefixes[index]}${values[index]}\n`;
    return Buffer.from(text);
  };
}

/** The same series in a prom-client registry. */
function createPromClient(page: string): () => Promise<string> {
  const registry = new Registry();
  const gauges = new Map<string, Gauge>();
  for (const line of page.split('\n')) {
    const [, name = '', pairs = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (name === '') continue;
    const labels = Object.fromEntries(
      [...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]),
    );
    const gauge =
      gauges.get(name) ??
      new Gauge({ name, help: name, labelNames: Object.keys(labels), registers: [registry] });
    gauges.set(name, gauge);
    gauge.set(labels, Number(value));
  }
  return () => registry.metrics();
}

export async function run(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const containers of [321, 3210]) {
    const { store, facts } = fixture(containers);
    const page = createMetricsPage({
      daemon: () => NO_DAEMON_FACTS,
      fleet: store.fleet,
      groups: [containerFamilies],
      clock: systemClock,
      staleAfterMs: 60_000,
      renderRest: () => Promise.resolve(''),
      onError: (error) => {
        throw error;
      },
    });
    const text = (await page.render()).toString();
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    let turn = 0;
    const change = (fraction: number): void => {
      turn++;
      const count = Math.ceil(facts.length * fraction);
      for (let index = 0; index < count; index++) {
        const one = facts[(index + turn * count) % facts.length];
        if (one)
          store.apply({
            kind: 'container-inspected',
            atMs: turn,
            facts: { ...one, startedAtMs: 1_763_900_000_000 + turn },
          });
      }
    };
    const measured = await measureInTurns(
      [
        { name: 'floor: joined cached prefixes', run: createFloor(text) },
        { name: 'stagewatch, nothing changed', run: () => page.render() },
        { name: 'stagewatch, 5 % changed', prepare: () => change(0.05), run: () => page.render() },
        { name: 'stagewatch, all changed', prepare: () => change(1), run: () => page.render() },
        { name: 'prom-client', run: createPromClient(text) },
      ],
      containers > 1000 ? 15 : 60,
    );
    const floor = measured[0]?.medianMs ?? Number.NaN;
    for (const { name, medianMs, p99Ms } of measured)
      rows.push([series, name, medianMs, p99Ms, medianMs / floor]);
    rows.push([
      series,
      'longest event-loop stall, all changed',
      await longestStall(() => change(1), page),
      '',
      '',
    ]);
  }
  printTable('Rendering /metrics', ['series', 'way', 'median ms', 'p99 ms', '× floor'], rows);
}

/** Measured alone, so that the stall is the page's. */
async function longestStall(change: () => void, page: MetricsPage): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let longestMs = 0;
  delay.enable();
  for (let round = 0; round < 10; round++) {
    change();
    await pause(20);
    delay.reset();
    await page.render();
    await pause(5);
    longestMs = Math.max(longestMs, delay.max / 1e6);
  }
  delay.disable();
  return longestMs;
}

if (process.argv[1]?.endsWith('metrics-render.bench.js')) await run();
