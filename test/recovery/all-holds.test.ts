import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ALL_HOLDS, type Moment } from '../../src/recovery/all-holds.js';
import { ALL_HOLD_REASONS, type HoldReason } from '../../src/recovery/decision.js';

/** Found by the looks before the call, not by a rule. */
const OF_THE_LOOKS: readonly HoldReason[] = [
  'container_changed',
  'engine_unreachable',
  'no_evidence',
  'stopping',
  'internal_error',
];

const reasonsAt = (moment: Moment): ReadonlySet<HoldReason> =>
  new Set(ALL_HOLDS.filter(({ asked }) => asked.includes(moment)).flatMap(({ reasons }) => reasons));

describe('the table of holds', () => {
  it('has a rule for each reason there is', () => {
    const known = new Set([...ALL_HOLDS.flatMap(({ reasons }) => reasons), ...OF_THE_LOOKS]);
    assert.deepEqual([...known].toSorted(), [...ALL_HOLD_REASONS].toSorted());
  });

  it('asks before the call again what may have changed since the plan', () => {
    // Its own past, in which this restart stands already, and the others, among whom it had its turn.
    const past = ['in_flight', 'container_budget', 'start_grace', 'backoff', 'dry_run_done'];
    const others = ['fleet_budget', 'stage_share', 'one_at_a_time'];
    const again = reasonsAt('recheck');
    const notAgain = [...reasonsAt('plan')].filter((reason) => !again.has(reason));
    assert.deepEqual(notAgain.toSorted(), [...past, ...others].toSorted());
  });

  it('lets a person do what a program may not, and nobody two at once or what cannot be remembered', () => {
    const asked = reasonsAt('by_hand');
    const lifted = [...reasonsAt('plan')].filter((reason) => !asked.has(reason));
    assert.deepEqual(lifted.toSorted(), ['disabled', 'dry_run_done', 'no_container', 'stage_notify']);
    const hard = ['supervised', 'cannot_remember', 'in_flight', 'one_at_a_time'];
    assert.deepEqual([...reasonsAt('forced')], hard);
    assert.deepEqual([...reasonsAt('recheck_forced')], ['cannot_remember']);
  });

  it('stands in docs/recovery.md, reason by reason', () => {
    const docs = readFileSync('docs/recovery.md', 'utf8');
    for (const reason of ALL_HOLD_REASONS) assert.ok(docs.includes(`\`${reason}\``), reason);
  });
});
