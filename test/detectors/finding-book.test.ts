import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Detection, FindingKind } from '../../src/detectors/finding.js';
import { createFindingBook, type FindingBook, type KindJudgement } from '../../src/detectors/finding-book.js';

const T0 = 1_763_900_000_000;
const SECOND = 1000;

function detection(key: string, more: Partial<Detection> = {}): Detection {
  return {
    kind: 'QueueMissing',
    key,
    subject: { queue: key },
    summary: 'gone',
    evidence: ['not there'],
    clearsWhen: 'It is there again.',
    beganAtMs: T0,
    ...more,
  };
}

interface Said {
  readonly unsure?: readonly string[] | 'all';
  readonly kind?: FindingKind;
  readonly openAfterMs?: number;
  readonly clearAfterMs?: number;
}

function judgement(
  found: readonly Detection[],
  { unsure = [], kind = 'QueueMissing', ...holds }: Said = {},
): KindJudgement {
  return { kind, found, unsure, steadiness: { openAfterMs: 0, clearAfterMs: 0, ...holds } };
}

const openIds = ({ findings }: FindingBook): readonly string[] => [...findings.keys()];

describe('a finding', () => {
  it('opens when it was found at every look for long enough, and not before', () => {
    const book = createFindingBook();
    const hold = { openAfterMs: 10 * SECOND };
    assert.equal(book.update([judgement([detection('a')], hold)], T0).opened.length, 0);
    assert.equal(book.update([judgement([detection('a')], hold)], T0 + 9 * SECOND).opened.length, 0);
    const { opened } = book.update([judgement([detection('a')], hold)], T0 + 10 * SECOND);
    assert.deepEqual(
      opened.map(({ id, severity, openedAtMs }) => [id, severity, openedAtMs]),
      [['QueueMissing:a', 'warning', T0 + 10 * SECOND]],
    );
  });

  it('starts its wait anew when one look did not find it', () => {
    const book = createFindingBook();
    const hold = { openAfterMs: 10 * SECOND };
    book.update([judgement([detection('a')], hold)], T0);
    book.update([judgement([], hold)], T0 + 5 * SECOND);
    assert.equal(book.update([judgement([detection('a')], hold)], T0 + 10 * SECOND).opened.length, 0);
  });

  it('clears when it was absent at every look for long enough, with its length', () => {
    const book = createFindingBook();
    const hold = { clearAfterMs: 30 * SECOND };
    book.update([judgement([detection('a', { beganAtMs: T0 - 60 * SECOND })], hold)], T0);
    assert.equal(book.update([judgement([], hold)], T0 + 5 * SECOND).cleared.length, 0);
    book.update([judgement([detection('a')], hold)], T0 + 20 * SECOND);
    assert.equal(book.update([judgement([], hold)], T0 + 40 * SECOND).cleared.length, 0);
    const [ended] = book.update([judgement([], hold)], T0 + 70 * SECOND).cleared;
    assert.deepEqual([ended?.beganAtMs, ended?.clearedAtMs], [T0 - 60 * SECOND, T0 + 70 * SECOND]);
    assert.deepEqual(openIds(book), []);
  });

  it('stays open, unconfirmed, while nobody can tell, and is confirmed or clears after', () => {
    const book = createFindingBook();
    book.update([judgement([detection('a'), detection('b')])], T0);
    book.update([judgement([], { unsure: 'all' })], T0 + 1000 * SECOND);
    assert.deepEqual(
      [...book.findings.values()].map(({ isUnconfirmed }) => isUnconfirmed),
      [true, true],
    );
    const { cleared } = book.update([judgement([detection('a')])], T0 + 1001 * SECOND);
    assert.deepEqual(
      cleared.map(({ id }) => id),
      ['QueueMissing:b'],
    );
    assert.equal(book.findings.get('QueueMissing:a')?.isUnconfirmed, undefined);
  });

  it('neither begins its wait again nor counts on while it cannot be judged', () => {
    const holds = { openAfterMs: 10 * SECOND, clearAfterMs: 10 * SECOND };
    const book = createFindingBook();
    const at = (seconds: number, isFound: boolean | undefined): FindingBook => {
      const found = isFound ? [detection('a')] : [];
      book.update(
        [judgement(found, { ...holds, unsure: isFound === undefined ? ['a'] : [] })],
        T0 + seconds * SECOND,
      );
      return book;
    };
    at(0, true);
    at(6, true);
    at(7, undefined);
    at(100, undefined);
    assert.deepEqual(openIds(at(103, true)), []);
    assert.deepEqual(openIds(at(107, true)), ['QueueMissing:a']);
    at(110, false);
    at(116, false);
    at(120, undefined);
    assert.deepEqual(openIds(at(200, false)), ['QueueMissing:a']);
    assert.deepEqual(openIds(at(204, false)), []);
  });

  it('that is held open says that it is over, and is saved and ends with its last words', () => {
    const book = createFindingBook();
    const hold = { clearAfterMs: 30 * SECOND };
    book.update([judgement([detection('a')], hold)], T0);
    book.update([judgement([], hold)], T0 + 5 * SECOND);
    book.update([judgement([], hold)], T0 + 25 * SECOND);
    const held = book.findings.get('QueueMissing:a');
    assert.equal(held?.summary, 'no longer so for 20s');
    assert.deepEqual(held.evidence, ['when it was last found: gone', 'it clears when this has lasted 30s']);
    assert.match(JSON.stringify(book.save()), /"summary":"gone","evidence":\["not there"\]/);
    const { cleared } = book.update([judgement([], hold)], T0 + 40 * SECOND);
    assert.deepEqual([cleared[0]?.summary, cleared[0]?.evidence], ['gone', ['not there']]);
  });

  it('is told as no longer found, not as of a stale source, once its source is read again without it', () => {
    const book = createFindingBook();
    const hold = { clearAfterMs: 30 * SECOND };
    book.update([judgement([detection('a')], hold)], T0);
    book.update([judgement([], { ...hold, unsure: 'all' })], T0 + 10 * SECOND);
    assert.equal(book.findings.get('QueueMissing:a')?.doubt, 'stale_source');
    book.update([judgement([], hold)], T0 + 20 * SECOND);
    assert.equal(book.findings.get('QueueMissing:a')?.doubt, 'not_found');
  });

  it('of one key that nobody can judge leaves others to clear', () => {
    const book = createFindingBook();
    book.update([judgement([detection('a'), detection('b')])], T0);
    const { cleared } = book.update([judgement([], { unsure: ['a'] })], T0 + SECOND);
    assert.deepEqual(
      cleared.map(({ key }) => key),
      ['b'],
    );
  });

  it('tells its newest words and its earliest begin', () => {
    const book = createFindingBook();
    book.update([judgement([detection('a')])], T0);
    book.update([judgement([detection('a', { summary: 'still gone', beganAtMs: T0 + 5 })])], T0 + 10);
    const finding = book.findings.get('QueueMissing:a');
    assert.deepEqual([finding?.summary, finding?.beganAtMs, finding?.openedAtMs], ['still gone', T0, T0]);
  });

  it('is marked as a consequence, and stands alone again', () => {
    const book = createFindingBook();
    book.update([judgement([detection('a')])], T0);
    book.fold(() => 'CommonCause:x');
    assert.equal(book.findings.get('QueueMissing:a')?.consequenceOf, 'CommonCause:x');
    book.fold(() => undefined);
    assert.equal(book.findings.get('QueueMissing:a')?.consequenceOf, undefined);
  });
});

describe('a restart of the daemon', () => {
  const saved = (): unknown => {
    const book = createFindingBook();
    book.update([judgement([detection('a')])], T0);
    return JSON.parse(JSON.stringify(book.save()));
  };

  it('opens nothing twice', () => {
    const book = createFindingBook(saved());
    const { opened } = book.update([judgement([detection('a')])], T0 + 60 * SECOND);
    assert.deepEqual(opened, []);
    assert.equal(book.findings.get('QueueMissing:a')?.openedAtMs, T0);
    assert.equal(book.findings.get('QueueMissing:a')?.isUnconfirmed, undefined);
  });

  it('gives sources time to tell again before it clears what it does not find', () => {
    const book = createFindingBook(saved());
    book.update([judgement([])], T0);
    assert.equal(book.update([judgement([])], T0 + 179 * SECOND).cleared.length, 0);
    assert.equal(book.update([judgement([])], T0 + 180 * SECOND).cleared.length, 1);
  });

  it('says of what is not found again yet that it is of before, not that its source is stale', () => {
    const book = createFindingBook(saved());
    const doubt = (): unknown => book.findings.get('QueueMissing:a')?.doubt;
    book.update([judgement([])], T0);
    assert.equal(doubt(), 'restart');
    book.update([judgement([], { unsure: 'all' })], T0 + 10 * SECOND);
    assert.equal(doubt(), 'stale_source');
    book.update([judgement([])], T0 + 20 * SECOND);
    assert.equal(doubt(), 'restart');
    book.update([judgement([detection('a')])], T0 + 30 * SECOND);
    assert.equal(doubt(), undefined);
  });

  it('clears at once what the first looks tell for certain, as of a source that is read again', () => {
    const book = createFindingBook(saved());
    const certain = judgement([]);
    const steadiness = { ...certain.steadiness, isToldAtOnce: true } as const;
    assert.equal(book.update([{ ...certain, steadiness }], T0).cleared.length, 1);
  });

  for (const broken of [
    undefined,
    7,
    {},
    [null],
    [{ id: 'x' }],
    [{ kind: 'toString', id: 'toString:a', key: 'a' }],
  ]) {
    it(`survives ${JSON.stringify(broken)} where findings should be`, () => {
      assert.deepEqual(openIds(createFindingBook(broken)), []);
    });
  }
});

it('whatever is found and cleared in any order, each opening is followed by one clearing before the next', () => {
  const step = fc.record({
    found: fc.subarray(['a', 'b', 'c']),
    unsure: fc.oneof(fc.subarray(['a', 'b', 'c']), fc.constant('all' as const)),
    afterMs: fc.integer({ min: 1, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const book = createFindingBook();
      const open = new Set<string>();
      let nowMs = T0;
      for (const { found, unsure, afterMs } of steps) {
        nowMs += afterMs;
        const said = { unsure, openAfterMs: 8000, clearAfterMs: 12_000 };
        const { opened, cleared } = book.update(
          [
            judgement(
              found.map((key) => detection(key)),
              said,
            ),
          ],
          nowMs,
        );
        for (const { id } of opened) {
          assert.ok(!open.has(id), `${id} opened twice`);
          open.add(id);
        }
        for (const { id } of cleared) assert.ok(open.delete(id), `${id} cleared though it was not open`);
        assert.deepEqual(new Set(openIds(book)), open);
      }
    }),
  );
});
