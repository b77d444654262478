/** The thread in which a module's `handle` runs: what it says of its job goes to the main thread. */

import { parentPort, workerData } from 'node:worker_threads';
import { DONE, STOPPING, type ThreadData, type ThreadOrder, type ThreadWord } from './handler-thread.js';
import type { JobReporter } from './job.js';
import { describeStack, describeThrown } from './sentinel.js';

const { module, counters } = workerData as ThreadData;
const shared = new Float64Array(counters);

function say(word: ThreadWord): void {
  parentPort?.postMessage(word);
}

function createReporter({ document, stage }: ThreadOrder): JobReporter {
  const known = { document, stage };
  const add = (count: number): void => {
    shared[DONE] = (shared[DONE] ?? 0) + count;
  };
  return {
    get document() {
      return known.document;
    },
    get stage() {
      return known.stage;
    },
    get stopping() {
      return shared[STOPPING] === 1;
    },
    start(facts = {}) {
      known.document = facts.document ?? known.document;
      known.stage = facts.stage ?? known.stage;
      say({ kind: 'start', facts });
    },
    step(count = 1, message) {
      add(count);
      if (message !== undefined) say({ kind: 'progress', message });
    },
    progress(done, total, message) {
      shared[DONE] = done;
      if (total !== undefined || message !== undefined) say({ kind: 'progress', total, message });
    },
    result(data) {
      results = { ...results, ...data };
    },
    async heartbeat(work, { message, everyMs = 10_000 } = {}) {
      if (message !== undefined) say({ kind: 'progress', message });
      say({ kind: 'beat', everyMs });
      try {
        return await work();
      } finally {
        say({ kind: 'beat' });
      }
    },
  };
}

let results: Record<string, unknown> = {};

async function run(order: ThreadOrder): Promise<void> {
  results = {};
  try {
    const { handle } = (await import(module)) as { handle: (message: unknown, job: JobReporter) => unknown };
    const { message } = order;
    const value = await handle({ ...message, body: Buffer.from(message.body) }, createReporter(order));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    say({ kind: 'done', value: { ...results, ...(isObject && value) } });
  } catch (error) {
    say({ kind: 'failed', text: describeThrown(error), stack: describeStack(error) });
  }
}

parentPort?.on('message', (order: ThreadOrder) => void run(order));
