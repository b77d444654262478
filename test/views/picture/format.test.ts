import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  elapsedMs,
  formatAgo,
  formatCount,
  formatDuration,
  formatGib,
  formatMemory,
  formatNumbered,
  formatPerHour,
  formatShare,
  formatTrend,
  parseTime,
  trendArrow,
} from '../../../src/views/picture/format.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GIB = 1024 ** 3;

const TABLE: readonly (readonly [unknown, unknown])[] = [
  [formatDuration(0), '0s'],
  [formatDuration(999), '0s'],
  [formatDuration(-5000), '0s'],
  [formatDuration(7 * MINUTE + 12_900), '7m12s'],
  [formatDuration(2 * HOUR + 5 * MINUTE), '2h05m'],
  [formatDuration(76 * HOUR), '3d04h'],
  [formatAgo(400), 'now'],
  [formatAgo(2 * HOUR + 5 * MINUTE), '2h05m ago'],
  [formatCount(0), '0'],
  [formatCount(999.6), '1\u2009000'],
  [formatCount(1_234_567), '1\u2009234\u2009567'],
  [formatCount(-1234, ','), '−1,234'],
  [formatNumbered(1, 'worker'), '1 worker'],
  [formatNumbered(0, 'worker'), '0 workers'],
  [formatShare(0), '0 %'],
  [formatShare(0.001), '1 %'],
  [formatShare(0.999), '99 %'],
  [formatShare(1), '100 %'],
  [formatGib(143.24 * GIB), '143 GiB'],
  [formatGib(9.96 * GIB), '10.0 GiB'],
  [formatMemory(90 * GIB, 180 * GIB), '90.0 of 180 GiB (50 %)'],
  [formatTrend(34.4), '+34/min'],
  [formatTrend(-0.44), '−0.4/min'],
  [formatTrend(3), '+3/min'],
  [formatTrend(0.01), 'steady'],
  [trendArrow(1), '↑'],
  [trendArrow(-1), '↓'],
  [trendArrow(0), '→'],
  [formatPerHour(312.4), '312/h'],
  [formatPerHour(2.26), '2.3/h'],
  [parseTime('2026-01-01T00:00:00.000Z'), 1_767_225_600_000],
  [parseTime('yesterday'), null],
  [parseTime(null), null],
  [elapsedMs(10, 5), 0],
  [elapsedMs(null, 5), null],
];

describe('times, counts, bytes and rates', () => {
  for (const [index, [said, expected]] of TABLE.entries()) {
    it(`are said as people say them: ${String(expected)} (${index + 1})`, () => assert.equal(said, expected));
  }
});
