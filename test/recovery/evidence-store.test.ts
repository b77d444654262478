import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createEvidenceStore } from '../../src/recovery/evidence-store.js';
import { incidentId, incidentTimeMs } from '../../src/recovery/incident.js';
import { tempDir } from '../support/temp-dir.js';

const T0 = 1_763_900_000_000;
const HOUR = 3_600_000;
const LIMITS = { evidence_incidents: 3, evidence_age: 24 * HOUR, evidence_bytes: 1_000_000 };

const at = (hour: number): string => incidentId('w', T0 + hour * HOUR);

describe('the name of an incident', () => {
  it('is safe whatever a container is called, and tells its time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const id = incidentId(name, T0);
        assert.match(id, /^20251123T121320\.000Z-[A-Za-z0-9_.-]{0,80}$/);
        assert.equal(incidentTimeMs(id), T0);
      }),
    );
  });

  it('is told from other names', () => {
    for (const name of ['', '.unfinished-x', 'notes', '20251123-w', '99999999T999999.999Z-w']) {
      assert.equal(incidentTimeMs(name), undefined, name);
    }
  });
});

describe('evidence', () => {
  it('is kept whole in a folder of its own', async (test) => {
    const folder = await tempDir(test);
    const store = createEvidenceStore(folder);
    const kept = await store.keep(at(0), { 'logs.txt': 'a\n', 'top.txt': 'b\n' });
    assert.deepEqual(kept, { kind: 'kept', folder: `evidence/${at(0)}` });
    assert.equal(await readFile(join(folder, 'evidence', at(0), 'logs.txt'), 'utf8'), 'a\n');
    assert.deepEqual(await readdir(join(folder, 'evidence')), [at(0)]);
  });

  it('that cannot be kept leaves nothing behind, and says why', async (test) => {
    const folder = await tempDir(test);
    await writeFile(join(folder, 'evidence'), 'in the way');
    const kept = await createEvidenceStore(folder).keep(at(0), { 'logs.txt': '' });
    assert.ok(kept.kind === 'failed');
    assert.match(kept.problem, /EEXIST|ENOTDIR/);
  });

  it('is bounded in number, the oldest going first', async (test) => {
    const folder = await tempDir(test);
    const store = createEvidenceStore(folder);
    for (const hour of [3, 1, 4, 2, 5]) await store.keep(at(hour), { a: '' });
    assert.equal(await store.prune(LIMITS, T0 + 6 * HOUR), undefined);
    assert.deepEqual((await readdir(join(folder, 'evidence'))).toSorted(), [at(3), at(4), at(5)]);
  });

  it('is bounded in age and size, and the newest stays', async (test) => {
    const folder = await tempDir(test);
    const store = createEvidenceStore(folder);
    for (const hour of [1, 2]) await store.keep(at(hour), { a: 'x'.repeat(800) });
    await store.prune({ ...LIMITS, evidence_bytes: 1000 }, T0 + 3 * HOUR);
    assert.deepEqual(await readdir(join(folder, 'evidence')), [at(2)]);
    await store.prune({ ...LIMITS, evidence_bytes: 10 }, T0 + 300 * HOUR);
    assert.deepEqual(await readdir(join(folder, 'evidence')), [at(2)]);
  });

  it('of others is left alone; leftovers of a life before are not', async (test) => {
    const folder = await tempDir(test);
    const store = createEvidenceStore(folder);
    const root = join(folder, 'evidence');
    await mkdir(join(root, 'notes of mine'), { recursive: true });
    await mkdir(join(root, `.unfinished-${at(0)}`));
    await mkdir(join(folder, 'precious'));
    await symlink(join(folder, 'precious'), join(root, at(-99)));
    for (const hour of [1, 2, 3, 4]) await store.keep(at(hour), { a: '' });
    await store.prune(LIMITS, T0 + 5 * HOUR);
    const left = (await readdir(root)).toSorted();
    assert.deepEqual(left, [at(-99), at(2), at(3), at(4), 'notes of mine'].toSorted());
    assert.deepEqual(await readdir(join(folder, 'precious')), []);
  });

  it('needs no folder to prune', async (test) => {
    assert.equal(await createEvidenceStore(await tempDir(test)).prune(LIMITS, T0), undefined);
  });
});
