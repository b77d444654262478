import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isHtmlPage } from '../../src/lib/answer-words.js';

describe('a web page in an answer', () => {
  for (const [text, expected] of [
    ['<!DOCTYPE html><p>', true],
    ['  <?xml version="1.0"?>\n<!-- one --> <!-- two -->\n<html lang="en">', true],
    ['<!-- never ends <html>', false],
    ['<htmlx>', false],
    ['ok', false],
    // To try all ways to divide these would take years.
    [`${'<!---->'.repeat(500)}x`, false],
    [`${'<!-- '.repeat(700)}x`, false],
  ] as const) {
    it(`is ${expected ? '' : 'not '}seen in ${text.slice(0, 40)}`, () =>
      assert.equal(isHtmlPage(text), expected));
  }
});
