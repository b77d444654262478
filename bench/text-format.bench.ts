/** How long the text format takes to read, beside the floor: cutting the same text into lines and numbers unchecked. */

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseTextFormat } from '../src/lib/text-format-parser.js';
import { parseDcgm } from '../src/sources/dcgm/parse-dcgm.js';

const RUNS = 200;
const MAX_TIME_MS = 8000;

interface Subject {
  readonly name: string;
  readonly run: () => void;
}

/** As a broker's page per queue: 14 families over 1,700 queues, 1.9 MB. */
function queuePage(): string {
  const queues = Array.from(
    { length: 1700 },
    (_, index) => `vhost="/production",queue="stage.queue.${index}"`,
  );
  return Array.from({ length: 14 }, (_, family) => {
    const name = `rabbitmq_detailed_queue_metric_${family}`;
    return `# TYPE ${name} gauge\n# HELP ${name} x\n${queues.map((queue, at) => `${name}{${queue}} ${at * 3}\n`).join('')}`;
  }).join('');
}

function cutUnchecked(text: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

/** Subjects take turns, so that a busy moment hits them alike. */
function measure(subjects: readonly Subject[]): readonly (readonly number[])[] {
  const times: number[][] = subjects.map(() => []);
  const endMs = performance.now() + MAX_TIME_MS;
  for (let run = 0; run < RUNS && performance.now() < endMs; run++) {
    for (const [index, subject] of subjects.entries()) {
      const startMs = performance.now();
      subject.run();
      times[index]?.push(performance.now() - startMs);
    }
  }
  return times.map((list) => list.toSorted((one, other) => one - other));
}

function report(title: string, subjects: readonly Subject[]): void {
  const times = measure(subjects);
  const at = (list: readonly number[] | undefined, share: number): number =>
    list?.[Math.min(list.length - 1, Math.floor(list.length * share))] ?? Number.NaN;
  const floorMs = at(times[0], 0.5);
  console.log(`\n${title}, ${times[0]?.length ?? 0} runs\n${'ms'.padEnd(28)}med      p99      x floor`);
  for (const [index, { name }] of subjects.entries()) {
    const medMs = at(times[index], 0.5);
    const cells = [medMs.toFixed(3), at(times[index], 0.99).toFixed(3), (medMs / floorMs).toFixed(1)];
    console.log(name.padEnd(28) + cells.map((cell) => cell.padEnd(9)).join(''));
  }
}

export function run(): Promise<void> {
  const gpus = readFileSync('test/fixtures/dcgm/classic.prom', 'utf8');
  const queues = queuePage();
  const kilobytes = (text: string): number => Math.round(text.length / 1000);
  report(`8 GPUs, ${kilobytes(gpus)} kB`, [
    { name: 'floor: cut unchecked', run: () => cutUnchecked(gpus) },
    { name: 'parseTextFormat', run: () => parseTextFormat(gpus) },
    { name: 'with parseDcgm', run: () => parseDcgm(parseTextFormat(gpus)) },
  ]);
  report(`1,700 queues, ${kilobytes(queues)} kB`, [
    { name: 'floor: cut unchecked', run: () => cutUnchecked(queues) },
    { name: 'parseTextFormat', run: () => parseTextFormat(queues) },
    {
      name: 'of which 3 families wanted',
      run: () => parseTextFormat(queues, { isWanted: (name) => /_[123]$/.test(name) }),
    },
  ]);
  return Promise.resolve();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
