import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.js';

/** Ends a thread that runs `task`, as a program of its own would, and tells how that program ended. */
async function programEnd(folder: string, task: string) {
  const source = (name: string): string =>
    JSON.stringify(new URL(`../../src/lib/${name}.js`, import.meta.url).href);
  const begin = "import { parentPort } from 'node:worker_threads'; parentPort.postMessage('begun');\n";
  await writeFile(join(folder, 'thread.mjs'), `${begin}${task}`);
  await writeFile(
    join(folder, 'program.mjs'),
    `import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from ${source('clock')};
import { endProcessDespiteThreads, endThread } from ${source('end-thread')};
process.on('SIGTERM', () => undefined);
const thread = new Worker(new URL('./thread.mjs', import.meta.url));
thread.unref();
const kept = setTimeout(() => undefined, 60_000);
await once(thread, 'message');
// It has begun its task; a call that never returns is a moment away.
await pause(300);
process.stdout.write(await endThread(thread, { clock: systemClock, limitMs: 300 }));
clearTimeout(kept);
endProcessDespiteThreads();
`,
  );
  const program = spawn(process.execPath, [join(folder, 'program.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  program.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const limit = setTimeout(() => program.kill('SIGKILL'), 20_000);
  const [code, signal] = (await once(program, 'close')) as [number | null, string | null];
  clearTimeout(limit);
  return { said, code, signal };
}

test('a thread that can be ended is, and the program exits as usual', async (t) => {
  const end = await programEnd(await tempDir(t), 'setInterval(() => undefined, 1000);');
  assert.deepEqual(end, { said: 'ended', code: 0, signal: null });
});

test('with a thread in a call that never returns, the program ends by SIGTERM and does not hang', async (t) => {
  const folder = await tempDir(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const task = `import { openSync } from 'node:fs'; openSync(${JSON.stringify(join(folder, 'pipe'))}, 'r');`;
  assert.deepEqual(await programEnd(folder, task), { said: 'left-behind', code: null, signal: 'SIGTERM' });
});
