import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { XidReading } from '../../src/fleet/gpu-observations.js';
import { createXidTally, tallyXids } from '../../src/fleet/xid-tally.js';

type Counts = Readonly<Record<string, number>>;

interface Step {
  readonly last?: number;
  readonly total?: Counts;
  readonly recent?: Counts;
}

function toReading({ last, total = {}, recent = {} }: Step): XidReading {
  return {
    totals: new Map(Object.entries(total)),
    recent: new Map(Object.entries(recent)),
    ...(last !== undefined && { last }),
  };
}

/** Counts above 0 after each step. */
function play(...steps: readonly Step[]): readonly Counts[] {
  const tally = createXidTally();
  return steps.map((step) => {
    const counts = tallyXids(tally, toReading(step)) ?? new Map<string, number>();
    return Object.fromEntries([...counts].filter(([, count]) => count > 0));
  });
}

describe('XID events', () => {
  const cases: readonly (readonly [string, readonly Step[], readonly Counts[]])[] = [
    ['an error from before is none', [{ last: 79 }, { last: 79 }], [{}, {}]],
    ['a first error is one', [{ last: 0 }, { last: 79 }, { last: 79 }], [{}, { '79': 1 }, { '79': 1 }]],
    [
      'another error is one of its own',
      [{ last: 79 }, { last: 31 }, { last: 79 }],
      [{}, { '31': 1 }, { '31': 1, '79': 1 }],
    ],
    ['a new driver that clears the error is none', [{ last: 79 }, { last: 0 }], [{}, {}]],
    ['an error after a clearing is one', [{ last: 79 }, { last: 0 }, { last: 79 }], [{}, {}, { '79': 1 }]],
    [
      'a value that is missing for once changes nothing',
      [{ last: 0 }, {}, { last: 0 }, { last: 79 }],
      [{}, {}, {}, { '79': 1 }],
    ],
    ['a value that comes late is from before', [{}, { last: 79 }], [{}, {}]],
    ['totals from before are none', [{ total: { '79': 4 } }, { total: { '79': 4 } }], [{}, {}]],
    ['totals count what repeats', [{ total: { '79': 4 } }, { total: { '79': 7 } }], [{}, { '79': 3 }]],
    ['a total that appears is new', [{ last: 0 }, { last: 31, total: { '31': 2 } }], [{}, { '31': 2 }]],
    [
      'a total that fell for good was reset',
      [{ total: { '79': 4 } }, { total: { '79': 1 } }, { total: { '79': 1 } }, { total: { '79': 1 } }],
      [{}, {}, {}, { '79': 1 }],
    ],
    [
      'a total that was less for once is none',
      [{ total: { '79': 4 } }, { total: { '79': 1 } }, { total: { '79': 4 } }],
      [{}, {}, {}],
    ],
    [
      'a total that is missing for once is remembered',
      [{ total: { '79': 4 } }, { last: 0 }, { total: { '79': 4 } }],
      [{}, {}, {}],
    ],
    [
      'a window counts what it gains',
      [
        { recent: { '31': 1 } },
        { recent: { '31': 3 } },
        { recent: { '31': 1 } },
        {},
        { recent: { '31': 1 } },
      ],
      [{}, { '31': 2 }, { '31': 2 }, { '31': 2 }, { '31': 3 }],
    ],
    [
      'reports of one error that come one after another are one event',
      [
        { last: 0 },
        { last: 79 },
        { last: 79, recent: { '79': 1 } },
        { last: 79, recent: { '79': 1 }, total: { '79': 1 } },
      ],
      [{}, { '79': 1 }, { '79': 1 }, { '79': 1 }],
    ],
  ];
  for (const [what, steps, expected] of cases) {
    it(what, () => assert.deepEqual(play(...steps), expected));
  }

  it('are counted from 0 for the errors that matter, once XIDs are reported at all', () => {
    const tally = createXidTally();
    assert.equal(tallyXids(tally, toReading({})), undefined);
    const counts = tallyXids(tally, toReading({ last: 0 }));
    assert.deepEqual([counts?.get('79'), counts?.get('48'), counts?.get('7')], [0, 0, undefined]);
    assert.equal(tallyXids(tally, toReading({ last: 7 }))?.get('7'), 1);
  });

  it('never fall, and are bounded in their number', () => {
    const counts = fc.dictionary(fc.integer({ min: 1, max: 400 }).map(String), fc.nat(20));
    const step = fc.record({ last: fc.nat(400), total: counts, recent: counts }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tally = createXidTally();
        let before: ReadonlyMap<string, number> = new Map();
        for (const one of steps) {
          const now: ReadonlyMap<string, number> = tallyXids(tally, toReading(one as Step)) ?? new Map();
          for (const [xid, count] of before) assert.ok((now.get(xid) ?? -1) >= count);
          assert.ok(now.size <= 128);
          before = now;
        }
      }),
    );
  });
});
