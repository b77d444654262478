import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lockDirectory } from '../../src/lib/directory-lock.js';
import { tempDir } from '../support/temp-dir.js';

const LOCK_MODULE = new URL('../../src/lib/directory-lock.js', import.meta.url).href;

/** A process of its own that takes the lock, says so, and lives until it is killed. */
async function startHolder(directory: string) {
  const script = `const { lockDirectory } = await import(${JSON.stringify(LOCK_MODULE)});
    console.log((await lockDirectory(${JSON.stringify(directory)})).kind);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function taken(directory: string) {
  const result = await lockDirectory(directory);
  assert.equal(result.kind, 'taken', JSON.stringify(result));
  if (result.kind !== 'taken') throw new Error('unreachable');
  return result.lock;
}

describe('the lock of a folder', () => {
  for (const [what, name] of [
    ['of a short path', 'data'],
    ['whose path is longer than an address can be', 'long-'.repeat(40)],
  ] as const) {
    it(`${what} is held by one, and free again when that lets go of it`, async (test) => {
      const directory = join(await tempDir(test), name);
      await mkdir(directory);
      const lock = await taken(directory);
      const second = await lockDirectory(directory);
      assert.equal(second.kind, 'held');
      assert.match(
        second.kind === 'held' ? second.holder : '',
        new RegExp(`^process ${process.pid} on \\S+, since 20\\d\\d-`),
      );
      await lock.release();
      assert.deepEqual(await readdir(directory), []);
      await (await taken(directory)).release();
    });
  }

  it('outlives no process, however suddenly that ends', async (test) => {
    const directory = await tempDir(test);
    const { child, said } = await startHolder(directory);
    assert.equal(said, 'taken');
    assert.equal((await lockDirectory(directory)).kind, 'held');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(existsSync(join(directory, 'lock.sock')), 'what it leaves behind');
    await (await taken(directory)).release();
    assert.deepEqual(await readdir(directory), []);
  });

  it('is held while its holder is too busy to answer', async (test) => {
    const directory = await tempDir(test);
    const { child } = await startHolder(directory);
    test.after(() => child.kill('SIGKILL'));
    child.kill('SIGSTOP');
    const result = await lockDirectory(directory);
    assert.deepEqual(result, { kind: 'held', holder: 'one that does not say who it is' });
  });

  it('goes to one of many that start at once over what a dead one left', async (test) => {
    const directory = await tempDir(test);
    const { child } = await startHolder(directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const results = await Promise.all(Array.from({ length: 8 }, () => lockDirectory(directory)));
    assert.equal(results.filter(({ kind }) => kind === 'taken').length, 1, JSON.stringify(results));
    for (const result of results) if (result.kind === 'taken') await result.lock.release();
  });

  it('is taken over a turn that was begun and never ended', async (test) => {
    const directory = await tempDir(test);
    const { child } = await startHolder(directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await writeFile(join(directory, 'lock.sock.taking'), '');
    await (await taken(directory)).release();
    assert.deepEqual(await readdir(directory), []);
  });

  it('cannot be told of a folder that is not there', async (test) => {
    const result = await lockDirectory(join(await tempDir(test), 'none'));
    assert.equal(result.kind, 'unknown');
  });
});
