/** What the worker of the scenarios does for a message; also runs as a module in a thread of its own. */

import { existsSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobReporter, Message } from '../../../clients/node/worker.js';

interface Order {
  readonly do?: string;
  readonly seconds?: number;
  readonly text?: string;
}

function say(event: Readonly<Record<string, unknown>>): void {
  // Written at once, also by a thread.
  writeSync(1, `${JSON.stringify({ pid: process.pid, ...event })}\n`);
}

const BEHAVIOURS: Readonly<
  Record<string, (order: Order, message: Message, job: JobReporter) => Promise<void> | void>
> = {
  async sleep({ seconds = 0 }, _, job) {
    job.start({ total: 100, unit: 'page' });
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) {
      job.step();
      await pause(50);
    }
  },
  hold({ seconds = 0 }) {
    // Nothing else of this thread runs meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
  },
  hang: () => pause(3_600_000),
  async 'until-stopped'(_order, _message, job) {
    while (!job.stopping) await pause(20);
  },
  async 'until-file'({ text = '' }) {
    while (!existsSync(text)) await pause(20);
  },
  raise({ text = 'bad page' }) {
    throw new TypeError(text);
  },
  'raise-once'(_order, message) {
    if (!message.redelivered) throw new Error('grobid refused');
  },
  unprintable() {
    throw Object.create(Error.prototype, {
      message: {
        get() {
          throw new Error('no words');
        },
      },
    });
  },
  die: () => process.kill(process.pid, 'SIGKILL') && pause(3_600_000),
};

export async function handle(message: Message, job: JobReporter): Promise<unknown> {
  const order = message.json as Order;
  const { redelivered } = message;
  say({ event: 'begin', document: job.document, redelivered });
  try {
    await BEHAVIOURS[order.do ?? '']?.(order, message, job);
    return { answer: 42 };
  } finally {
    say({ event: 'end', document: job.document });
  }
}
