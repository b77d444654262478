import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundText, cutProse } from '../../src/lib/bound-text.js';

describe('text from outside', () => {
  it('stays as it is up to the limit, and is marked where it is cut', () => {
    assert.equal(boundText('a'.repeat(40), 40), 'a'.repeat(40));
    assert.match(boundText('a'.repeat(41), 40), /^a{27}…[0-9a-f]{12}$/);
    assert.equal(cutProse('a'.repeat(41), 40), `${'a'.repeat(39)}…`);
  });

  it('never becomes one with another, and never ends in half of a character', () => {
    const kept = new Set(['1', '2', '\ud800', '\ud801'].map((end) => boundText('a'.repeat(99) + end, 40)));
    assert.equal(kept.size, 4);
    for (const length of [39, 40, 41]) {
      assert.doesNotMatch(boundText('\u{1f600}'.repeat(50), length), /\p{Cs}/u);
      assert.doesNotMatch(cutProse('\u{1f600}'.repeat(50), length), /\p{Cs}/u);
    }
  });
});
