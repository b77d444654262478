import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTimestamp } from '../../src/lib/parse-timestamp.js';

const AT = Date.UTC(2025, 10, 23, 12, 30, 15);

const MOMENTS: readonly (readonly [unknown, number | undefined])[] = [
  [AT / 1000, AT],
  [AT / 1000 + 0.5, AT + 500],
  ['2025-11-23T12:30:15Z', AT],
  ['2025-11-23T12:30:15', AT],
  ['2025-11-23 12:30:15', AT],
  ['2025-11-23T12:30:15.123456+00:00', AT + 123.456],
  ['2025-11-23T14:30:15+02:00', AT],
  ['2025-11-23T14:30:15+0200', AT],
  ['2025-11-23T14:30:15+02', AT],
  ['2025-11-23T07:00:15-05:30', AT],
  ['2025-11-23T12:30Z', AT - 15_000],
  ['2025-11-23', Date.UTC(2025, 10, 23)],
  ['2025-02-30T12:00:00Z', undefined],
  ['2025-13-01T12:00:00Z', undefined],
  ['2025-11-23T25:00:00Z', undefined],
  ['1763900000', undefined],
  ['yesterday', undefined],
  ['', undefined],
  [AT, AT],
  [AT * 1000, AT],
  [AT * 1e6, AT],
  [AT * 1e9, undefined],
  [0, undefined],
  [-5, undefined],
  [Number.NaN, undefined],
  [true, undefined],
  [null, undefined],
];

for (const [value, expected] of MOMENTS) {
  test(`${JSON.stringify(value)} is ${expected ?? 'no moment'}`, () => {
    assert.equal(parseTimestamp(value), expected);
  });
}

test('whatever Date writes is read back', () => {
  const dates = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
  fc.assert(fc.property(dates, (date) => parseTimestamp(date.toISOString()) === date.getTime()));
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => ['number', 'undefined'].includes(typeof parseTimestamp(text))),
  );
});
