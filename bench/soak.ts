/**
 * `npm run soak`: one daemon over a simulated pipeline for half an hour (`MINUTES`): how its memory and descriptors grow, and
 * which findings stay open though no fault of the pipeline explains them. `PROFILE`, `SPEED`, `SEED`.
 */

import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { FindingKind } from '../src/detectors/finding.js';
import type { ProfileName } from '../src/simulation/profile.js';
import { type Surroundings, startSurroundings } from '../src/simulation/servers/surroundings.js';
import { type Daemon, startDaemon } from '../test/support/daemon.js';
import { explainFinding } from '../test/support/explain-finding.js';
import { printTable, residentMb } from './support/measure.js';

const MINUTES = Number(process.env['MINUTES'] ?? 30);
const PROFILE = (process.env['PROFILE'] ?? '8gpu') as ProfileName;
const SPEED = Number(process.env['SPEED'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 1);
const SAMPLE_EVERY_MS = 5000;
/** Caches and code fill up before. */
const WARM_UP_SHARE = 0.2;
/** Windows do not get shorter than a minute, whatever the speed. */
const AFTERMATH_WALL_MS = 3 * 60_000;

interface Sample {
  readonly minutes: number;
  readonly rssMb: number;
  readonly descriptors: number;
}

interface OpenFinding {
  readonly id: string;
  readonly kind: FindingKind;
  readonly container: string | null;
  readonly stage: string | null;
  readonly queue: string | null;
  readonly gpu: string | null;
  readonly source: string | null;
  readonly document: string | null;
  readonly summary: string;
}

/**
 * As Prometheus does all the time. Not by fetch: this process simulates a pipeline too, and where that holds it up until the
 * daemon closes the idle connection, fetch gives up an answer that has arrived whole.
 */
async function scrape(url: string): Promise<void> {
  const request = get(url, { agent: false, headers: { 'accept-encoding': 'gzip' } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  for await (const _chunk of response) {
    // All of it is read.
  }
}

async function sampleOf({ process: child, url }: Daemon, startedMs: number): Promise<Sample> {
  await scrape(`${url}/metrics`);
  const pid = child.pid ?? 0;
  return {
    minutes: (performance.now() - startedMs) / 60_000,
    rssMb: (await residentMb(pid)).all,
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
  };
}

/** Of a straight line through the samples, least squares. */
function slopeAnHour(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const count = samples.length;
  const meanX = samples.reduce((sum, { minutes }) => sum + minutes, 0) / count;
  const meanY = samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  let [above, below] = [0, 0];
  for (const sample of samples) {
    above += (sample.minutes - meanX) * (of(sample) - meanY);
    below += (sample.minutes - meanX) ** 2;
  }
  return (60 * above) / below;
}

async function unexplained({ url }: Daemon, { simulation }: Surroundings): Promise<readonly OpenFinding[]> {
  const answer = (await (await fetch(`${url}/api/v1/findings`)).json()) as { data: readonly OpenFinding[] };
  const { nowMs: atMs, truth } = simulation;
  const moment = {
    atMs,
    endOf: ({ endedAtMs = atMs }) => endedAtMs,
    aftermathMs: AFTERMATH_WALL_MS * SPEED,
  };
  return answer.data.filter(({ kind, ...about }) => {
    const subject = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== null));
    return explainFinding({ kind, subject }, truth, moment) === undefined;
  });
}

function printSamples(samples: readonly Sample[]): void {
  const warm = samples.filter(({ minutes }) => minutes >= MINUTES * WARM_UP_SHARE);
  const row = (name: string, of: (sample: Sample) => number): readonly (string | number)[] => [
    name,
    Math.min(...warm.map(of)),
    Math.max(...warm.map(of)),
    warm.length > 0 ? of(warm[warm.length - 1] as Sample) : Number.NaN,
    slopeAnHour(warm, of),
  ];
  printTable(
    `${PROFILE}, speed ${SPEED}, ${MINUTES} min, after the first ${Math.round(WARM_UP_SHARE * 100)} %`,
    ['what', 'least', 'most', 'last', 'slope an hour'],
    [row('RSS MB', ({ rssMb }) => rssMb), row('descriptors', ({ descriptors }) => descriptors)],
  );
}

/** For a soak that fails. */
function stateOf({ process: { exitCode, signalCode }, log, stderr }: Daemon): string {
  const last = log.slice(-5).map((line) => JSON.stringify(line));
  return [`exit code ${exitCode}, signal ${signalCode}`, stderr(), ...last].join('\n');
}

async function soak(folder: string): Promise<void> {
  const surroundings = await startSurroundings({
    folder,
    profile: PROFILE,
    seed: SEED,
    speed: SPEED,
    isRecovering: true,
    listen: '127.0.0.1:0',
  });
  surroundings.beginTrouble();
  const { listen: _, data_dir: __, ...config } = surroundings.config;
  const daemon = await startDaemon({ folder, config: stringify(config) });
  try {
    const samples: Sample[] = [];
    const startedMs = performance.now();
    while (performance.now() - startedMs < MINUTES * 60_000) {
      samples.push(await sampleOf(daemon, startedMs));
      await pause(SAMPLE_EVERY_MS);
    }
    const left = await unexplained(daemon, surroundings);
    const struck = surroundings.simulation.truth.length;
    printSamples(samples);
    printTable(
      `open at the end though no fault explains it (${struck} faults struck)`,
      ['finding', 'summary'],
      left.map(({ id, summary }) => [id, summary]),
    );
    console.log(`${left.length} findings left open without a fault`);
  } catch (error) {
    throw new Error(stateOf(daemon), { cause: error });
  } finally {
    await daemon.stop();
    await surroundings.stop();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'stagewatch-soak-'));
try {
  await soak(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
