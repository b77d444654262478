/** Attacks by clients: crowds, clients that do not read or never finish, and what is no HTTP. */

import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ATTACKER, ask, crowd, openSocket, type RawSocket } from './asking.js';
import { besideWords, type FireRow, outcomeOf, type Target, withTarget } from './target.js';

const SECONDS = Number(process.env['FIRE_SECONDS'] ?? 20);
/** More than the limits of the server on half a request, and on a client that does not read. */
const CUT_LIMIT_S = 90;
/** Those of the client beside the attack. */
const SPARE = 10;

export const REQUEST_ROWS: readonly FireRow[] = [
  { name: 'crowd', attack: () => withTarget({}, (target) => crowdAt(target, '/metrics')) },
  { name: 'api-crowd', attack: () => withTarget({}, (target) => crowdAt(target, '/api/v1/fleet')) },
  { name: 'unread', attack: () => withTarget({}, neverRead) },
  { name: 'slowloris', attack: () => withTarget({}, neverFinish) },
  { name: 'headers', attack: () => withTarget({}, hugeHeaders) },
  { name: 'bad-http', attack: () => withTarget({}, noHttp) },
];

async function crowdAt(target: Target, path: string) {
  const clients = 500;
  let [answers, failures, worstMs] = [0, 0, 0];
  await crowd(clients, SECONDS, async (index) => {
    const headers = index % 2 === 0 ? { 'accept-encoding': 'gzip' } : {};
    const { status, tookMs } = await ask({
      port: target.port,
      path,
      limitMs: 30_000,
      headers,
      from: ATTACKER,
    });
    if (status === 200) answers++;
    else failures++;
    worstMs = Math.max(worstMs, tookMs);
  });
  return outcomeOf(target, {
    done: `${clients} clients ask for ${path} without a pause for ${SECONDS} s`,
    held: `${answers} answers, ${failures} without one, ${(worstMs / 1000).toFixed(1)} s at worst; ${besideWords(target.beside)}`,
    isHeld: failures === 0 && target.beside.failed === 0,
  });
}

/** One after the other, so that each is sent a page of its own. */
async function neverRead(target: Target) {
  const clients = 500;
  const before = descriptors(target.daemon);
  const sockets: RawSocket[] = [];
  const request = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (let index = 0; index < clients; index++) {
    sockets.push(openSocket(target.port, request.repeat(8), false));
    await pause((SECONDS * 1000) / clients);
  }
  const cutS = await untilCut(target, before);
  for (const { socket } of sockets) socket.destroy();
  return outcomeOf(target, {
    done: `${clients} clients ask 8 times each for /metrics and read nothing`,
    held: `${besideWords(target.beside)}; ${cutWords(cutS)}`,
    isHeld: target.beside.failed === 0 && cutS !== undefined,
  });
}

async function neverFinish(target: Target) {
  const clients = 1000;
  const before = descriptors(target.daemon);
  const sockets = Array.from({ length: clients }, () =>
    openSocket(target.port, 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n'),
  );
  const drip = setInterval(() => {
    for (const { socket } of sockets) if (socket.writable) socket.write('X-a: b\r\n');
  }, 1000);
  await pause(1000);
  const cutS = await untilCut(target, before);
  clearInterval(drip);
  return outcomeOf(target, {
    done: `slowloris: ${clients} clients send a header line a second and never end`,
    held: `${besideWords(target.beside)}; ${cutWords(cutS)}`,
    isHeld: target.beside.failed === 0 && cutS !== undefined,
  });
}

/** Seconds until the daemon has no more descriptors than before; undefined: it has. */
async function untilCut({ daemon }: Target, before: number): Promise<number | undefined> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < CUT_LIMIT_S * 1000) {
    if (descriptors(daemon) <= before + SPARE) return (performance.now() - startedMs) / 1000;
    await pause(500);
  }
  return undefined;
}

function descriptors({ process: { pid } }: Target['daemon']): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function cutWords(seconds: number | undefined): string {
  return seconds === undefined
    ? `not cut off within ${CUT_LIMIT_S} s`
    : `all cut off within ${Math.ceil(seconds)} s`;
}

async function hugeHeaders(target: Target) {
  const clients = 50;
  const bytes = 10 * 1024 * 1024;
  const request = `GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Big: ${'a'.repeat(bytes)}\r\n\r\n`;
  let [sent, served] = [0, 0];
  await crowd(clients, SECONDS, async () => {
    const { closed, answer } = openSocket(target.port, request);
    await closed;
    sent++;
    if (answer().includes(' 200 ')) served++;
  });
  return outcomeOf(target, {
    done: `${clients} clients send headers of 10 MB for ${SECONDS} s (${sent} requests)`,
    held: `${sent - served} refused; ${besideWords(target.beside)}`,
    isHeld: sent > 0 && served === 0 && target.beside.failed === 0,
  });
}

const HOST = 'Host: localhost\r\n';
/** What no client sends, each on a connection of its own. */
const NO_HTTP: readonly string[] = [
  '\0\0\0\0\r\n\r\n',
  'GET\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  'GET / HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
  `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`,
  `GET /%00%ff%c0%af..%2f..%2f..%2fetc/passwd HTTP/1.1\r\n${HOST}\r\n`,
  `GET /page/..%2f..%2f..%2fpackage.json HTTP/1.1\r\n${HOST}\r\n`,
  `GET /api/v1/containers/%E0%A4%A/why HTTP/1.1\r\n${HOST}\r\n`,
  `GET /api/v1/journal?limit=-1&type[]=x&type=__proto__ HTTP/1.1\r\n${HOST}\r\n`,
  `POST /-/reload HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST /-/reload HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n`,
  `POST /api/v1/silences HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`,
  `GET http://evil.example/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
  `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}X: a\nY: b\r\n z: c\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}${'X-a: b\r\n'.repeat(5000)}\r\n`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];

async function noHttp(target: Target) {
  const linesBefore = target.logLines();
  let [sent, served] = [0, 0];
  await crowd(50, SECONDS, async (index) => {
    const payload = NO_HTTP[(sent++ + index) % NO_HTTP.length] ?? '';
    const { socket, answer, closed } = openSocket(target.port, Buffer.from(payload, 'latin1'));
    await Promise.race([closed, pause(100)]);
    socket.destroy();
    const isPlain = payload.startsWith('GET / HTTP/1.1');
    if (/^HTTP\/1\.1 (?:2|5)/.test(answer()) && !isPlain) served++;
  });
  const lines = target.logLines() - linesBefore;
  return outcomeOf(target, {
    done: `${sent} connections of 21 kinds of bad HTTP`,
    held: `none served and none a fault of the daemon: ${served === 0 ? 'yes' : `no, ${served}`}; ${lines} log lines; ${besideWords(target.beside)}`,
    isHeld: served === 0 && lines < 100 && target.beside.failed === 0,
  });
}
