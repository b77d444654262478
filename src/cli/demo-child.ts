/** Starts the process of everything the demo's daemon watches, and ends it. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../lib/clock.js';
import { removeDemoFolder } from './demo-folder.js';
import type { DaemonStarted, FromSurroundings, SurroundingsRequest } from './demo-messages.js';

export interface DemoChild {
  readonly ready: Extract<FromSurroundings, { readonly kind: 'ready' }>;
  /** Resolves when the process has ended, asked for or not. */
  readonly ended: Promise<void>;
  /** Lets faults strike, and starts a Prometheus; what becomes of them comes as news. */
  daemonStarted(started: DaemonStarted): void;
  /** Ends it; resolves when everything of it is gone. */
  stop(): Promise<void>;
}

export type DemoChildResult =
  | { readonly kind: 'started'; readonly child: DemoChild }
  | { readonly kind: 'failed'; readonly problem: string };

export type DemoNews = Exclude<FromSurroundings, { readonly kind: 'ready' | 'failed' }>;

const SCRIPT = fileURLToPath(new URL('./demo-surroundings.js', import.meta.url));
/** A Prometheus is given 4 s of it, and a busy machine is slow to remove thousands of files. */
const STOP_LIMIT_MS = 12_000;

/** Never rejects. `onNews` hears of faults as they strike and end, and of a Prometheus. */
export async function startDemoChild(
  request: SurroundingsRequest,
  onNews: (news: DemoNews) => void,
): Promise<DemoChildResult> {
  const process = fork(SCRIPT, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
  const ended = once(process, 'exit').then(() => undefined);
  const first = firstWord(process, ended);
  process.on('message', (message: FromSurroundings) => {
    if (message.kind !== 'ready' && message.kind !== 'failed') onNews(message);
  });
  process.send(request);
  const word = await first;
  if (word.kind === 'failed') {
    if (process.connected) process.disconnect();
    await ended;
    return word;
  }
  return {
    kind: 'started',
    child: {
      ready: word,
      ended,
      daemonStarted(started) {
        if (process.connected) process.send(started);
      },
      async stop() {
        await stopProcess(process, ended);
        // It does so itself, unless it had to be killed.
        await removeDemoFolder(word.folder);
      },
    },
  };
}

function firstWord(process: ChildProcess, ended: Promise<void>) {
  return new Promise<Extract<FromSurroundings, { readonly kind: 'ready' | 'failed' }>>((resolve) => {
    process.on('message', (message: FromSurroundings) => {
      if (message.kind === 'ready' || message.kind === 'failed') resolve(message);
    });
    void ended.then(() => resolve({ kind: 'failed', problem: 'the process of the simulation has ended' }));
  });
}

async function stopProcess(process: ChildProcess, ended: Promise<void>): Promise<void> {
  if (process.connected) process.disconnect();
  const timer = systemClock.after(STOP_LIMIT_MS, () => process.kill('SIGKILL'));
  await ended;
  timer.cancel();
}
