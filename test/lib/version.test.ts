import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isOlderThan } from '../../src/lib/version.js';

const CASES: readonly (readonly [string, boolean | undefined])[] = [
  ['3.13.7', true],
  ['4.2.10', true],
  ['4.3.0-rc.1', false],
  ['4.3.0', false],
  ['4.3', false],
  ['4.10.1', false],
  ['5.0.0', false],
  ['unknown', undefined],
  ['', undefined],
];

for (const [version, isOlder] of CASES) {
  it(`"${version}" ${isOlder ? 'is' : isOlder === undefined ? 'may be' : 'is not'} older than 4.3.0`, () => {
    assert.equal(isOlderThan(version, [4, 3, 0]), isOlder);
  });
}
