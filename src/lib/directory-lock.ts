/**
 * Keeps a folder for one process: a socket in it that answers for as long as its holder lives, however suddenly that ends.
 *
 * A file with a process id would outlive a kill, and says nothing across containers that share a volume.
 */

import { type FileHandle, open, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describeError, errorCode } from './describe-error.js';

export interface DirectoryLock {
  /** Never rejects. */
  release(): Promise<void>;
}

export type LockResult =
  | { readonly kind: 'taken'; readonly lock: DirectoryLock }
  /** `holder` in words, as far as it tells. */
  | { readonly kind: 'held'; readonly holder: string }
  /** The file system knows no sockets, or somebody else's stands there: nobody can tell. */
  | { readonly kind: 'unknown'; readonly problem: string };

const NAME = 'lock.sock';
/** Of an address of a socket, on every system. */
const MAX_PATH_BYTES = 100;
const ANSWER_LIMIT_MS = 2000;
const MAX_HOLDER_LENGTH = 200;
const TURN_LOOK_MS = 50;
const TURN_LIMIT_MS = 5000;

/** Never rejects. The folder must exist. */
export async function lockDirectory(directory: string): Promise<LockResult> {
  const path = join(directory, NAME);
  let folder: FileHandle | undefined;
  try {
    // By its number a folder has a short name, however long its path is.
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) folder = await open(directory, 'r');
    const address = folder ? `/proc/self/fd/${folder.fd}/${NAME}` : path;
    const result = await takeOrAsk(address);
    if (result.kind !== 'listening') {
      await folder?.close();
      return result;
    }
    return { kind: 'taken', lock: createLock(result.server, folder) };
  } catch (error) {
    await folder?.close();
    return { kind: 'unknown', problem: describeError(error) };
  }
}

function createLock(server: Server, folder: FileHandle | undefined): DirectoryLock {
  return {
    async release() {
      // Closing it removes the socket from its folder.
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await folder?.close();
    },
  };
}

type Attempt =
  | { readonly kind: 'listening'; readonly server: Server }
  | Exclude<LockResult, { kind: 'taken' }>;

async function takeOrAsk(address: string): Promise<Attempt> {
  const first = await listenOrAsk(address);
  if (first !== undefined) return first;
  const marker = `${address}.taking`;
  await takeTurn(marker);
  try {
    // Asked again: before its turn came, another may have put its own in place. A dead one stays dead, and in the way.
    const second = await listenOrAsk(address);
    if (second !== undefined) return second;
    await rm(address, { force: true });
    return { kind: 'listening', server: await listen(address) };
  } finally {
    await rm(marker, { force: true });
  }
}

/** Undefined: the socket of one that is dead is in the way. */
async function listenOrAsk(address: string): Promise<Attempt | undefined> {
  try {
    return { kind: 'listening', server: await listen(address) };
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error;
  }
  const holder = await ask(address);
  return holder === undefined ? undefined : { kind: 'held', holder };
}

/** One at a time removes what is dead, so that nobody removes what another has just put there. */
async function takeTurn(marker: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += TURN_LOOK_MS) {
    try {
      await (await open(marker, 'wx')).close();
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    // A turn takes milliseconds: whoever has not ended it by then is dead.
    if (waitedMs >= TURN_LIMIT_MS) await rm(marker, { force: true });
    else await pause(TURN_LOOK_MS);
  }
}

function listen(address: string): Promise<Server> {
  const holder = `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(holder);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      // One that asks and cannot be accepted is told by the socket itself that it is held.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

/** What the holder says of itself; undefined: nobody listens any more. Rejects where that cannot be told. */
function ask(address: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(address);
    const done = (): void => {
      socket.destroy();
      resolve(answer === '' ? 'one that does not say who it is' : answer.slice(0, MAX_HOLDER_LENGTH));
    };
    // Whoever accepts lives, also when it is too busy to answer.
    socket.setTimeout(ANSWER_LIMIT_MS, done);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('end', done);
    socket.once('error', (error) => {
      if (['ECONNREFUSED', 'ENOENT'].includes(errorCode(error) ?? '')) resolve(undefined);
      else if (errorCode(error) === 'ECONNRESET') done();
      else reject(error);
    });
  });
}
