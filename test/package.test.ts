import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { tempDir } from './support/temp-dir.js';

const run = promisify(execFile);

describe('the packed tarball', () => {
  it('holds what runs and nothing else, and its command works elsewhere', async (test) => {
    const folder = await tempDir(test);
    // As "npm run package" does; hooks of npm are off, so packing alone would build nothing.
    await run('npm', ['run', 'build']);
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder]);
    const json = stdout.slice(stdout.indexOf('['));
    const [packed] = JSON.parse(json) as { filename: string; files: { path: string }[] }[];
    const paths = (packed?.files ?? []).map(({ path }) => path);
    assert.ok(paths.includes('dist/main.js') && paths.includes('docs/stagewatch.schema.json'));
    assert.deepEqual(
      paths.filter((path) => /^(src|test|bench|build)\/|\.map$|\.tsbuildinfo$/.test(path)),
      [],
    );
    await run('tar', ['-xzf', join(folder, packed?.filename ?? ''), '-C', folder]);
    // Its dependencies as an installation would put them beside it.
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    const bin = join(folder, 'package', 'dist', 'main.js');
    assert.match((await run(bin, ['--version'], { cwd: folder })).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match((await run(bin, ['--help'], { cwd: folder })).stdout, /serve/);
    const kit =
      "import { runJob } from 'stagewatch/worker'; await runJob({ sentinel: process.argv[1] }, () => ({ n: 1 }));";
    await mkdir(join(folder, 'elsewhere', 'node_modules'), { recursive: true });
    await symlink(join(folder, 'package'), join(folder, 'elsewhere', 'node_modules', 'stagewatch'));
    const path = join(folder, 'made', 's.json');
    await run(process.execPath, ['--input-type=module', '-e', kit, path], { cwd: join(folder, 'elsewhere') });
    assert.equal((await run(bin, ['sentinel', 'wait', path])).stdout, `${path}\n`);
    assert.ok(paths.includes('dist/worker/worker.d.ts') && paths.includes('clients/sh/sentinel.sh'));
    const threads = (await readdir(join(folder, 'package', 'dist', 'sources'), { recursive: true })).filter(
      (path) => /(sweeper|observer)[a-z-]*\.js$/.test(path),
    );
    assert.ok(threads.length >= 2, 'the threads of progress and sentinels are files of their own');
  });
});
