import assert from 'node:assert/strict';
import { it } from 'node:test';
import { toIso } from '../../src/views/iso-time.js';

it('times that no date can hold are null, not an error', () => {
  assert.equal(toIso(0), '1970-01-01T00:00:00.000Z');
  assert.equal(toIso(8.64e15), '+275760-09-13T00:00:00.000Z');
  for (const odd of [8.65e15, -1e18, undefined]) assert.equal(toIso(odd), null);
});
