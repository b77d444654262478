import assert from 'node:assert/strict';
import { chown, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sentinelsSection } from '../../../src/config/sentinels-section.js';
import { createSentinelOwners } from '../../../src/sources/sentinels/sentinel-owners.js';
import { createSentinelsSource } from '../../../src/sources/sentinels/sentinels-source.js';
import { createSourceHarness } from '../../support/source-harness.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

const [ROOT_OWNER, WORKER, DAEMON, STRANGER] = [0, 1000, 10_001, 4242];

function createOwners() {
  const named: unknown[] = [];
  const log = { warn: (fields: unknown) => void named.push(fields) };
  return { named, owners: createSentinelOwners({ log: log as never, ownUid: DAEMON }) };
}

describe('owners of sentinels', () => {
  it('are named once where they wrote none of the first, and are not the owner of the root or the daemon', () => {
    const { named, owners } = createOwners();
    for (let file = 0; file < 20; file++) owners.seen(`D${file}`, WORKER);
    owners.looked(ROOT_OWNER);
    for (const uid of [WORKER, ROOT_OWNER, DAEMON]) owners.seen('X', uid);
    assert.deepEqual(named, []);
    for (const file of ['D20', 'D21']) owners.seen(file, STRANGER);
    assert.deepEqual(named, [{ file: 'D20', uid: STRANGER }]);
  });

  it('are named among the first too where they own few of them', () => {
    const { named, owners } = createOwners();
    owners.looked(ROOT_OWNER);
    owners.seen('D0', STRANGER);
    for (let file = 1; file < 19; file++) owners.seen(`D${file}`, WORKER);
    assert.deepEqual(named, [], 'too few to know who usually writes');
    owners.seen('D19', WORKER);
    assert.deepEqual(named, [{ file: 'D0', uid: STRANGER }]);
  });

  it('are named for a hundred users at most', () => {
    const { named, owners } = createOwners();
    owners.looked(ROOT_OWNER);
    for (let file = 0; file < 20; file++) owners.seen(`D${file}`, WORKER);
    for (let uid = 2000; uid < 3000; uid++) owners.seen('X', uid);
    assert.equal(named.length, 100);
  });

  it('are found on disk', {
    skip: process.getuid?.() === 0 ? false : 'another owner cannot be set without root',
  }, async (test: TestContext) => {
    const root = await tempDir(test);
    const harness = createSourceHarness();
    const config = { ...sentinelsSection.parse({ interval: '100ms' }), root };
    const source = createSentinelsSource({ config, stages: [] }, harness.context);
    test.after(() => source.stop());
    source.start();
    await waitFor('the first look', () => harness.fleet.sources.get('sentinels')?.isUp);
    async function put(document: string, file: string, uid: number): Promise<void> {
      await mkdir(join(root, document, 'G3_02'), { recursive: true });
      const path = join(root, document, 'G3_02', file);
      // Seen with its owner at once.
      await writeFile(`${path}.tmp`, '{}');
      await chown(`${path}.tmp`, uid, uid);
      await rename(`${path}.tmp`, path);
    }
    for (let document = 0; document < 20; document++) await put(`D${document}`, 'sentinel.json', WORKER);
    await put('D20', 'sentinel.json.failed', STRANGER);
    const line = await waitFor('the line', () =>
      harness.logLines.find((one) => one.includes('does not usually write')),
    );
    const { file, uid } = JSON.parse(line) as { file: string; uid: number };
    assert.deepEqual([file, uid], ['D20/G3_02/sentinel.json.failed', STRANGER]);
  });
});
