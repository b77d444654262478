/** Attacks by what is watched: an engine, a broker, an exporter and a folder that send too much, or nonsense. */

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { besideWords, type FireRow, outcomeOf, type Target, withTarget } from './target.js';

const SECONDS = Number(process.env['FIRE_SECONDS'] ?? 20);
const MB = 1024 * 1024;

export const SOURCE_ROWS: readonly FireRow[] = [
  { name: 'garbage-events', attack: () => withTarget({}, garbageEvents) },
  { name: 'many-events', attack: () => withTarget({}, manyEvents) },
  {
    name: 'containers',
    attack: () => withTarget({ containers: 10_000, isAttackedAtStart: true }, manyContainers),
  },
  { name: 'broker-over', attack: () => againstBroker(100, 100) },
  { name: 'broker-under', attack: () => againstBroker(31, 15) },
  { name: 'broken-queues', attack: brokenQueues },
  { name: 'gzip-bombs', attack: gzipBombs },
  { name: 'progress-files', attack: manyProgressFiles },
  { name: 'broken-progress', attack: brokenProgress },
];

/** As fast as the reader takes it. */
async function garbageEvents(target: Target) {
  const { engine } = target;
  const junk = Buffer.from(`${'{"Type":"container","x":[[[\u001b[2J\u0000'.repeat(40)}\n`.repeat(60));
  let bytes = 0;
  engine.intercept = (path, _request, response) => {
    if (path !== '/events') return false;
    response.writeHead(200);
    const send = (): void => {
      do bytes += junk.length;
      while (response.write(junk) && !response.destroyed);
    };
    response.on('drain', send);
    send();
    return true;
  };
  const linesBefore = target.logLines();
  engine.cutStreams();
  await pause(SECONDS * 1000);
  const lines = target.logLines() - linesBefore;
  return outcomeOf(target, {
    done: `an engine streams garbage at full speed for ${SECONDS} s (${Math.round(bytes / MB)} MB taken)`,
    held: `${lines} log lines; ${besideWords(target.beside)}`,
    isHeld: lines < 100 && target.beside.failed === 0,
  });
}

async function manyEvents(target: Target) {
  const { engine } = target;
  const ids = [...engine.containers.keys()];
  const perSecond = 5000;
  const startedMs = performance.now();
  let sent = 0;
  while (performance.now() - startedMs < SECONDS * 1000) {
    const due = ((performance.now() - startedMs) / 1000) * perSecond;
    for (; sent < due; sent++) engine.emit(ids[sent % ids.length] ?? '', sent % 2 ? 'start' : 'die');
    await pause(10);
  }
  return outcomeOf(target, {
    done: `${perSecond} events a second for ${SECONDS} s`,
    held: `${besideWords(target.beside)}; ${target.logLines()} log lines, one for each container that ends so often among them`,
    isHeld: target.beside.failed === 0 && target.logLines() < 2 * ids.length,
  });
}

async function manyContainers(target: Target) {
  await pause(SECONDS * 1000);
  const page = await target.daemon.metricsText();
  const shown = page.match(/^pipeline_container_info\{/gm)?.length ?? 0;
  return outcomeOf(target, {
    done: '10,000 containers',
    held: `${shown} shown, page of ${(page.length / 1e6).toFixed(1)} MB; ${besideWords(target.beside)}`,
    isHeld: shown === 10_000 && target.beside.failed === 0,
  });
}

type Answer = (path: string, response: ServerResponse, request: IncomingMessage) => void;

interface Outside {
  readonly url: string;
  close(): void;
}

async function startOutside(answer: Answer): Promise<Outside> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    answer((request.url ?? '').split('?', 1)[0] ?? '', response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function brokerConfig({ url }: Outside): string {
  const user = url.replace('//', '//u:p@');
  return `rabbitmq: { metrics_url: "${url}", management_url: "${user}", interval: 1s, request_timeout: 10s }\n`;
}

/** Pieces of a metrics page or of a list of queues, each queue another one, until there are `bytes`. */
function pieceMaker(piece: (queue: number) => string, queuesAPiece = 500) {
  return (bytes: number): readonly string[] => {
    const pieces: string[] = [];
    let made = 0;
    for (let queue = 0; made < bytes; ) {
      let text = '';
      for (let one = 0; one < queuesAPiece; one++) text += piece(queue++);
      pieces.push(text);
      made += text.length;
    }
    return pieces;
  };
}

const metricsPieces = pieceMaker(
  (queue) =>
    `rabbitmq_detailed_queue_messages_ready{vhost="/",queue="jobs.${queue}"} 1\n` +
    `rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="jobs.${queue}"} 1\n` +
    `rabbitmq_detailed_queue_consumers{vhost="/",queue="jobs.${queue}"} 1\n`,
);
const managementPieces = pieceMaker(
  (queue) =>
    `{"name":"jobs.${queue}","type":"classic","messages_ready":1,"messages_unacknowledged":1,"consumers":1,"arguments":{}},`,
);

async function writeAll(response: ServerResponse, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece)) await new Promise<void>((resolve) => onceFree(response, resolve));
  }
  response.end();
}

function onceFree(response: ServerResponse, free: () => void): void {
  const done = (): void => {
    response.off('drain', done).off('close', done);
    free();
  };
  response.on('drain', done).on('close', done);
}

/** Over the limits, and just under them. */
async function againstBroker(metricsMb: number, managementMb: number) {
  const metrics = ['rabbitmq_build_info{rabbitmq_version="4.1.4"} 1\n', ...metricsPieces(metricsMb * MB)];
  const queues = ['[', ...managementPieces(managementMb * MB), '{"name":"last"}]'];
  let answers = 0;
  const broker = await startOutside((path, response) => {
    answers++;
    if (path === '/metrics/detailed') void writeAll(response, metrics);
    else if (path.startsWith('/api/queues')) void writeAll(response, queues);
    else if (path === '/api/overview') response.end('{"rabbitmq_version":"4.1.4"}');
    else response.end('[]');
  });
  try {
    return await withTarget(
      { config: () => brokerConfig(broker), isAttackedAtStart: true },
      async (target) => {
        await pause(SECONDS * 1000);
        const series = await target.daemon.metrics();
        const isUp = series.value('stagewatch_source_up', { source: 'rabbitmq' }) === 1;
        return outcomeOf(target, {
          done: `broker pages of ${metricsMb} MB (metrics) and ${managementMb} MB (management), ${answers} answers`,
          held: `the source is ${isUp ? 'up' : 'down, with the reason'}; ${besideWords(target.beside)}; ${target.logLines()} log lines`,
          isHeld: answers > 0 && target.beside.failed === 0 && target.logLines() < 100,
        });
      },
    );
  } finally {
    broker.close();
  }
}

/** Of 20,000 queues each is broken, in another way and number each time. */
async function brokenQueues() {
  const broken = ['{"name":5}', '{"name":""}', '[]', 'null', '{"nam":"x"}', '"\\u001b[2J"'];
  let reads = 0;
  const broker = await startOutside((path, response) => {
    if (path.startsWith('/api/queues')) {
      reads++;
      const entries = Array.from({ length: 20_000 + reads }, (_, index) => broken[index % broken.length]);
      response.end(`[${entries.join(',')}]`);
    } else response.end(path === '/api/overview' ? '{"listeners":[{}]}' : '[{"mem_alarm":7}]');
  });
  try {
    const user = broker.url.replace('//', '//u:p@');
    const config = (): string => `rabbitmq: { management_url: "${user}", interval: 1s }\n`;
    return await withTarget({ config }, async (target) => {
      await pause(SECONDS * 1000);
      return outcomeOf(target, {
        done: `20,000 broken queues in each of ${reads} lists, in 6 ways`,
        held: `${target.logLines()} log lines; ${besideWords(target.beside)}`,
        isHeld: reads > 0 && target.logLines() < 100 && target.beside.failed === 0,
      });
    });
  } finally {
    broker.close();
  }
}

async function gzipBombs() {
  // Members of one file: 10 GB inflated of 10 MB sent.
  const member = gzipSync(Buffer.alloc(1024 * MB), { level: 9 });
  const bomb = Buffer.concat(Array.from({ length: 10 }, () => member));
  let answers = 0;
  const outside = await startOutside((_path, response) => {
    answers++;
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' });
    response.end(bomb);
  });
  const config = (): string =>
    `${brokerConfig(outside)}dcgm: { url: "${outside.url}/metrics", interval: 1s }\n`;
  try {
    return await withTarget({ config }, async (target) => {
      await pause(SECONDS * 1000);
      return outcomeOf(target, {
        done: `gzip bombs from broker and DCGM exporter: 10 GB inflated of 10 MB, ${answers} times`,
        held: `each cut off at its limit; ${besideWords(target.beside)}; ${target.logLines()} log lines`,
        isHeld: answers > 0 && target.beside.failed === 0 && target.logLines() < 100,
      });
    });
  } finally {
    outside.close();
  }
}

const FILES_AT_ONCE = 200;

/** Renamed into place, as the pipeline does. */
async function writeFiles(folder: string, count: number, text: (file: number) => string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let from = 0; from < count; from += FILES_AT_ONCE) {
    const some = Array.from({ length: Math.min(FILES_AT_ONCE, count - from) }, (_, index) => from + index);
    await Promise.all(
      some.map(async (file) => {
        const path = join(folder, `kind0-worker-gpu0-${file}`);
        await writeFile(`${path}.tmp`, text(file));
        await rename(`${path}.tmp`, `${path}.json`);
      }),
    );
  }
}

const progressConfig = (folder: string): string =>
  `progress: { directory: "${join(folder, 'progress')}", interval: 1s }\n`;

/** As long as the limits on a file's texts allow. */
function progressText(file: number, done: number): string {
  return JSON.stringify({
    stage: `G${file % 400}`,
    document: `PMC${file}${'d'.repeat(480)}`,
    message: 'm'.repeat(1000),
    done,
    total: 1000,
    updated_at: Date.now() / 1000,
  });
}

async function manyProgressFiles() {
  const files = 100_000;
  const prepare = (folder: string): Promise<void> =>
    writeFiles(join(folder, 'progress'), files, (file) => progressText(file, 1));
  return withTarget({ config: progressConfig, prepare, isAttackedAtStart: true }, async (target) => {
    await pause(SECONDS * 1000);
    const page = await target.daemon.metrics();
    const skipped = page.value('stagewatch_progress_files_ignored', { reason: 'too_many' });
    return outcomeOf(target, {
      done: `${files} progress files with the longest texts, of 400 stages`,
      held: `${skipped ?? 0} left out; ${besideWords(target.beside)}; ${target.logLines()} log lines`,
      isHeld: target.beside.failed === 0 && target.logLines() < 200,
    });
  });
}

async function brokenProgress() {
  const files = 10_000;
  const broken = ['{"half', '[]', '\u0000', '{"done":"x"}', '{"name":7}', 'x'.repeat(1000)];
  return withTarget({ config: progressConfig }, async (target) => {
    const folder = join(target.folder, 'progress');
    const endMs = performance.now() + SECONDS * 1000;
    let rounds = 0;
    for (; performance.now() < endMs; rounds++)
      await writeFiles(folder, files, (file) => broken[(file + rounds) % broken.length] ?? '');
    return outcomeOf(target, {
      done: `${files} progress files written broken ${rounds} times, each time in another way`,
      held: `${target.logLines()} log lines; ${besideWords(target.beside)}`,
      isHeld: rounds > 1 && target.logLines() < 200 && target.beside.failed === 0,
    });
  });
}
