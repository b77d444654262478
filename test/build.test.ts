/** What `npm run demo` and `npm start` build before they run: all of it, or nothing, as sources say. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { tempDir } from './support/temp-dir.js';

const run = promisify(execFile);
const CONFIGURATION = [
  'tsconfig.json',
  'tsconfig.build.json',
  'src/views/page/tsconfig.json',
  'clients/node/tsconfig.json',
];
const SCRIPT = 'scripts/build.mjs';
const SOURCES: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'src/main.ts': 'export const answer: number = 1;\n',
  'clients/node/worker.ts': 'export const worker = 1;\n',
  'src/views/page/main.ts': 'document.title = "page";\n',
  'src/views/page/page.css': 'body {}\n',
  'src/views/page/icon.svg': '<svg/>\n',
};

interface Tree {
  readonly folder: string;
  /** Resolves with whether dist/ was made anew; rejects when the build fails. */
  buildIfChanged(): Promise<boolean>;
  change(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
}

/** A checkout with next to no sources, but the real script and configurations. */
async function plantTree(test: TestContext): Promise<Tree> {
  const folder = await tempDir(test);
  const change = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(SOURCES)) await change(path, text);
  await mkdir(join(folder, 'scripts'));
  for (const path of [SCRIPT, ...CONFIGURATION]) await copyFile(path, join(folder, path));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    change,
    read: (path) => readFile(join(folder, path), 'utf8'),
    async buildIfChanged() {
      // Marks the folder: a build removes it.
      const mark = join(folder, 'dist', '.mark');
      if (existsSync(join(folder, 'dist'))) await mkdir(mark, { recursive: true });
      await run(process.execPath, [SCRIPT, '--if-changed'], { cwd: folder });
      return !existsSync(mark);
    },
  };
}

describe('npm run demo', () => {
  it('builds a clean clone, and nothing where nothing has changed, whatever the times of files', async (test) => {
    const tree = await plantTree(test);
    assert.equal(await tree.buildIfChanged(), true);
    assert.match(await tree.read('dist/main.js'), /answer = 1/);
    assert.match(await tree.read('dist/views/page/main.js'), /page/);
    assert.match(await tree.read('dist/worker/worker.js'), /worker = 1/);
    assert.equal(await tree.read('dist/views/page/page.css'), SOURCES['src/views/page/page.css']);
    const later = new Date(Date.now() + 3_600_000);
    await utimes(join(tree.folder, 'src/main.ts'), later, later);
    assert.equal(await tree.buildIfChanged(), false);
  });

  it('builds anew what was changed, added, removed or spoilt', async (test) => {
    const tree = await plantTree(test);
    await tree.buildIfChanged();
    await tree.change('src/main.ts', 'export const answer: number = 2;\n');
    assert.equal(await tree.buildIfChanged(), true, 'a source');
    assert.match(await tree.read('dist/main.js'), /answer = 2/);
    await tree.change('src/views/page/page.css', 'body { color: red }\n');
    assert.equal(await tree.buildIfChanged(), true, 'a style');
    await tree.change('src/added.ts', 'export const added = 1;\n');
    assert.equal(await tree.buildIfChanged(), true, 'a new source');
    await rm(join(tree.folder, 'src/added.ts'));
    assert.equal(await tree.buildIfChanged(), true, 'one source less');
    await assert.rejects(tree.read('dist/added.js'), { code: 'ENOENT' });
    await tree.change('dist/main.js', '');
    assert.equal(await tree.buildIfChanged(), true, 'a file of dist/');
    await rm(join(tree.folder, 'dist'), { recursive: true });
    assert.equal(await tree.buildIfChanged(), true, 'all of dist/');
    await tree.change('package.json', '{"type":"module","version":"2.0.0"}');
    assert.equal(await tree.buildIfChanged(), true, 'the package');
    assert.equal(await tree.buildIfChanged(), false);
  });

  it('does not take a build that failed for one, and says why it did', async (test) => {
    const tree = await plantTree(test);
    await tree.buildIfChanged();
    await tree.change('src/main.ts', 'export const answer = ;\n');
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(tree.buildIfChanged(), ({ stdout }: { stdout: string }) =>
        /src\/main\.ts.*TS1109/.test(stdout),
      );
    }
    await tree.change('src/main.ts', SOURCES['src/main.ts'] ?? '');
    assert.equal(await tree.buildIfChanged(), true);
  });
});
