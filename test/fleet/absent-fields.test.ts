import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InspectedFacts } from '../../src/fleet/observations.js';
import { parseInspected } from '../../src/sources/docker/parse-container.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { inspected } from '../support/fake-engine.js';

const NAME = 'a-worker-gpu0-0';
const FULL = containerFacts(NAME, {
  restartCount: 3,
  hasRestartPolicy: true,
  startedAtMs: NOW_MS - 50_000,
  engineStartMs: NOW_MS - 90_000,
  finishedAtMs: NOW_MS - 55_000,
});

function without(...names: readonly (keyof InspectedFacts)[]): InspectedFacts {
  return Object.fromEntries(
    Object.entries(FULL).filter(([name]) => !(names as readonly string[]).includes(name)),
  ) as unknown as InspectedFacts;
}

describe('an inspect that lacks fields', () => {
  for (const names of [
    ['restartCount'],
    ['hasRestartPolicy'],
    ['startedAtMs', 'engineStartMs'],
    ['finishedAtMs'],
    ['restartCount', 'hasRestartPolicy', 'startedAtMs', 'engineStartMs', 'finishedAtMs'],
  ] as const) {
    it(`is no news: ${names.join(', ')}`, () => {
      const store = fleetOf(FULL);
      const shown = () => ({ ...store.fleet.containers.get(NAME), seenAtMs: 0 });
      const before = shown();
      for (const facts of [without(...names), FULL, without(...names), FULL]) {
        store.apply({ kind: 'container-inspected', atMs: NOW_MS, facts });
        assert.deepEqual(shown(), before);
      }
    });
  }

  it('says so, and makes no zero of it', () => {
    const answer = { ...inspected({ id: 'a', name: 'a', state: 'running' }), RestartCount: undefined };
    const facts = parseInspected({ ...answer, HostConfig: null });
    assert.deepEqual([facts.restartCount, facts.hasRestartPolicy], [undefined, undefined]);
  });
});
