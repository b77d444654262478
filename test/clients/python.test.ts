import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { requireProgram, skipWithout } from '../support/machine.js';
import { tempDir } from '../support/temp-dir.js';

const run = promisify(execFile);
const PACKAGE = resolve('clients/python');
const python = (): string => requireProgram('/usr/bin/python3');

describe('the Python package', { skip: skipWithout('pythonKit') }, () => {
  it('passes its own tests, without a warning', async () => {
    const { stderr } = await run(
      python(),
      ['-W', 'error', '-m', 'unittest', 'discover', '-s', join(PACKAGE, 'tests')],
      {
        env: { ...process.env, PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: '1' },
      },
    ).catch((error: { stderr: string }) => assert.fail(error.stderr));
    assert.match(stderr, /Ran (4[0-9]|[5-9][0-9]|\d{3,}) tests/);
  });

  it('holds what its types say, strictly', { skip: skipWithout('mypy') }, async (test) => {
    const cache = `--cache-dir=${await tempDir(test)}`;
    await run(requireProgram('/usr/bin/mypy'), [cache, 'stagewatch'], { cwd: PACKAGE }).catch(
      (error: { stdout: string }) => assert.fail(error.stdout),
    );
  });

  it('is built as a wheel, and works where it is installed without any library', async (test) => {
    const folder = await tempDir(test);
    const source = join(folder, 'source');
    // A build writes beside its sources.
    await cp(PACKAGE, source, { recursive: true, filter: (path) => !/__pycache__|\.egg-info/.test(path) });
    const pip = ['-m', 'pip', '--disable-pip-version-check', '-q'];
    await run(python(), [
      ...pip,
      'wheel',
      '--no-index',
      '--no-deps',
      '--no-build-isolation',
      '-w',
      folder,
      source,
    ]);
    const [wheel = ''] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
    const target = join(folder, 'installed');
    await run(python(), [
      ...pip,
      'install',
      '--no-index',
      '--no-deps',
      '--target',
      target,
      join(folder, wheel),
    ]);
    const program = [
      'import sys; from stagewatch import Job, wait',
      'with Job("PMC1", "G1", sentinel=sys.argv[1] + "/{document}/{stage}.json") as job: job.result(pages=3)',
      'print(wait(sys.argv[1] + "/PMC1/G1.json", 5)[0])',
    ].join('\n');
    // -S: none of Debian's libraries can be found.
    const { stdout } = await run(python(), ['-S', '-c', program, folder], {
      cwd: folder,
      env: { PYTHONPATH: target },
    });
    assert.equal(stdout.trim(), join(folder, 'PMC1', 'G1.json'));
    assert.ok((await readdir(join(target, 'stagewatch'))).includes('py.typed'));
  });
});
