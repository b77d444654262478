/** Measures several ways of doing one thing in turns, so that noise of the machine falls on all alike. */

export interface Candidate {
  readonly name: string;
  run(): unknown;
  /** Between runs, not measured. */
  prepare?(): void;
}

export interface Measured {
  readonly name: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly minMs: number;
}

export async function measureInTurns(
  candidates: readonly Candidate[],
  rounds: number,
): Promise<readonly Measured[]> {
  const times = candidates.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      candidate.prepare?.();
      const startedMs = performance.now();
      await candidate.run();
      // The first round warms up.
      if (round > 0) times[index]?.push(performance.now() - startedMs);
    }
  }
  return candidates.map(({ name }, index) => ({ name, ...summarize(times[index] ?? []) }));
}

export function summarize(values: readonly number[]): Omit<Measured, 'name'> {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? Number.NaN;
  return { medianMs: at(0.5), p99Ms: at(0.99), minMs: sorted[0] ?? Number.NaN };
}

/** Prints rows under a heading, columns aligned. */
export function printTable(
  heading: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const cells = [columns, ...rows.map((row) => row.map(show))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  console.log(`\n${heading}`);
  console.log(line(columns));
  console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  for (const row of cells.slice(1)) console.log(line(row));
}

function show(value: string | number): string {
  if (typeof value === 'string') return value;
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** CPU time of a process and its children that are threads, in milliseconds, from the scheduler's own count. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  const { readdir, readFile } = await import('node:fs/promises');
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const task of await readdir(`/proc/${pid}/task`)) {
      const text = await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0');
      nanoseconds += Number(text.split(' ')[0]);
    }
  }
  return nanoseconds / 1e6;
}

/** Resident memory of a process in MB: all of it, and the part that no file backs. */
export async function residentMb(pid: number): Promise<{ readonly all: number; readonly anonymous: number }> {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return { all: field('VmRSS'), anonymous: field('RssAnon') };
}
