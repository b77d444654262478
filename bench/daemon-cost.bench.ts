/** What the daemon costs that watches 321 simulated containers: CPU over a minute and memory, beside a peer's for the same count. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuMs, printTable, residentMb } from './support/measure.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const SETTLE_MS = 20_000;
const MEASURED_MS = 60_000;
/** netdata 1.37.1, 307 running containers, one look a second: docs/performance.md. */
const NETDATA = { cpuPercent: 14.7, rssMb: 265 };

export async function run(): Promise<void> {
  const rows: (readonly (string | number)[])[] = [];
  for (const speed of [1, 20]) {
    const { cpuPercent, rss, anonymous } = await measureDaemon(speed);
    rows.push([
      speed === 1 ? 'stagewatch, a pipeline at its own pace' : `stagewatch, the demo at speed ${speed}`,
      cpuPercent,
      rss,
      anonymous,
      cpuPercent / NETDATA.cpuPercent,
      rss / NETDATA.rssMb,
    ]);
  }
  rows.push(['netdata', NETDATA.cpuPercent, NETDATA.rssMb, 241, 1, 1]);
  printTable(
    '321 containers, 224 workers, 8 GPUs, over 60 s',
    ['daemon', '% of a core', 'RSS MB', 'anonymous MB', 'CPU / netdata', 'RSS / netdata'],
    rows,
  );
}

interface Cost {
  readonly cpuPercent: number;
  readonly rss: number;
  readonly anonymous: number;
}

async function measureDaemon(speed: number): Promise<Cost> {
  const args = [
    'demo',
    '--servers-only',
    '--profile',
    '8gpu',
    '--speed',
    String(speed),
    '--listen',
    '127.0.0.1:0',
  ];
  const servers = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const config = await firstMatch(servers, /--config (\S+)/);
    const daemon = spawn(process.execPath, [MAIN, 'serve', '--config', config], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await firstMatch(daemon, /(first full picture)/);
      return await measure(daemon.pid ?? 0);
    } finally {
      await end(daemon);
    }
  } finally {
    await end(servers);
  }
}

async function measure(pid: number): Promise<Cost> {
  await pause(SETTLE_MS);
  const [beforeMs, startedMs] = [await cpuMs([pid]), performance.now()];
  await pause(MEASURED_MS);
  const cpuPercent = (100 * ((await cpuMs([pid])) - beforeMs)) / (performance.now() - startedMs);
  const { all, anonymous } = await residentMb(pid);
  return { cpuPercent, rss: all, anonymous };
}

/** Reads on after it: a program whose output nobody takes would end. */
function firstMatch(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-100_000);
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`ended before ${pattern.source} came: ${text}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
