/** A consumer in a container's network, on a cable of its own to the broker that can be cut: then its end reaches no broker. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requireProgram } from './machine.js';

export interface Cable {
  /** Cuts the cable and then kills the consumer: what its kernel says of that is lost. */
  cut(): Promise<void>;
  dispose(): Promise<void>;
}

export interface CableOptions {
  /** Process of the container, which has a network namespace of its own. */
  readonly pid: number;
  readonly amqpUrl: string;
  readonly queue: string;
}

const run = promisify(execFile);
const CONSUMER = fileURLToPath(new URL('../../../test/fixtures/pipeline/consumer.mjs', import.meta.url));
/** The usual one: by it the daemon knows that a connection leads to a broker. */
const AMQP_PORT = 5672;

/** Resolves when the consumer consumes. */
export async function startCable({ pid, amqpUrl, queue }: CableOptions): Promise<Cable> {
  const { near, far, net } = namesOf(process.pid);
  const inside = ['-t', String(pid), '-n'];
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const { hostname, port } = new URL(amqpUrl);
    const upstream = connect(Number(port), hostname);
    for (const one of [socket, upstream]) {
      sockets.add(one.on('error', () => undefined).on('close', () => sockets.delete(one)));
    }
    socket.pipe(upstream).pipe(socket);
  });
  let consumer: ChildProcess | undefined;

  async function end(): Promise<void> {
    if (!consumer || consumer.exitCode !== null || consumer.signalCode !== null) return;
    const ended = once(consumer, 'exit');
    consumer.kill('SIGKILL');
    await ended;
  }

  const cable: Cable = {
    async cut() {
      await run('ip', ['link', 'set', near, 'down']);
      await end();
    },
    async dispose() {
      await end();
      proxy.close();
      for (const socket of sockets) socket.destroy();
      // Its other end goes with it; neither is there any more where the container was removed before.
      await run('ip', ['link', 'del', near]).catch(() => undefined);
    },
  };

  try {
    await run('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', far]);
    await run('ip', ['link', 'set', far, 'netns', String(pid)]);
    await run('ip', ['addr', 'add', `${net}1/30`, 'dev', near]);
    await run('ip', ['link', 'set', near, 'up']);
    await run(requireProgram('nsenter'), [...inside, 'ip', 'addr', 'add', `${net}2/30`, 'dev', far]);
    await run(requireProgram('nsenter'), [...inside, 'ip', 'link', 'set', far, 'up']);
    await once(proxy.listen(AMQP_PORT, `${net}1`), 'listening');
    const url = new URL(amqpUrl);
    url.host = `${net}1:${AMQP_PORT}`;
    const command = [...inside, process.execPath, CONSUMER, url.href, queue];
    const started = spawn(requireProgram('nsenter'), command, { stdio: ['ignore', 'pipe', 'inherit'] });
    consumer = started;
    const ended = once(started, 'exit').then(() => Promise.reject(new Error('the consumer ended')));
    await Promise.race([once(started.stdout, 'data'), ended]);
    ended.catch(() => undefined);
    return cable;
  } catch (error) {
    await cable.dispose();
    throw error;
  }
}

/** Of this process's own, because another run of the test may have its cable at the same time. */
function namesOf(pid: number) {
  const index = pid % 16_384;
  return {
    near: `sw${index}n`,
    far: `sw${index}f`,
    /** Without the last part, of which four addresses belong to it. */
    net: `10.213.${index % 256}.`,
  };
}
