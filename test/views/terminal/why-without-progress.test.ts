import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderWhyScreen } from '../../../src/views/terminal/why-screen.js';

it('of a worker that reports no progress the limit is that of holding a message', () => {
  const stage = { id: 'G3', limits: { stallMs: 300_000, origin: 'default' } };
  const text = (holdLimitMs: number | null): string =>
    renderWhyScreen({ at: '2026-01-01T00:00:00Z', stage, worker: { container: 'a', holdLimitMs } }, 100)
      .map((line) => line.map((part) => part.text).join(''))
      .join('\n');
  assert.match(text(600_000), /stuck after 10m00s with a message in hand while nothing moves/);
  assert.match(text(null), /stuck after 5m00s without a step \(default\)/);
});
