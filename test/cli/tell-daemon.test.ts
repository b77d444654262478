import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { tempDir } from '../support/temp-dir.js';

const MODULE = pathToFileURL(resolve('build/src/cli/tell-daemon.js')).href;

/** Busy, so that it cannot notice that nobody listens any more, until the file is there. */
const SCRIPT = (file: string): string => `
import { existsSync } from 'node:fs';
import { tellDaemon } from ${JSON.stringify(MODULE)};
process.once('disconnect', () => process.exit(7));
process.send('busy', () => {
  while (!existsSync(${JSON.stringify(file)}));
  tellDaemon({ kind: 'failed', problem: 'x'.repeat(1_000_000) });
});
`;

describe('what the pipeline of the demo tells', () => {
  it('may come too late: it still ends in its own way, and can clean up', async (test) => {
    const folder = await tempDir(test);
    const goes = join(folder, 'goes');
    const script = join(folder, 'script.mjs');
    await writeFile(script, SCRIPT(goes));
    const child = fork(script, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const ended = once(child, 'exit');
    await once(child, 'message');
    child.disconnect();
    await writeFile(goes, '');
    assert.deepEqual(await ended, [7, null]);
  });
});
