/** A folder of a test's own, removed when the test ends. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export async function tempDir(test: Pick<TestContext, 'after'>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stagewatch-test-'));
  test.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
