import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RUN_BESIDE_THE_HOST, SERVER_NAMES, serversOf, testsOfServers } from './suite-tests.js';

describe('the tests that run on a newer suite by themselves', () => {
  it('are among those that need one of its servers', () => {
    const all = readdirSync('test', { recursive: true, encoding: 'utf8' });
    const possible = new Set(testsOfServers(all.filter((path) => path.endsWith('.test.ts'))));
    assert.deepEqual(
      RUN_BESIDE_THE_HOST.filter((path) => !possible.has(path)),
      [],
    );
  });

  it('try every server', () => {
    const tried = new Set(RUN_BESIDE_THE_HOST.flatMap(serversOf));
    assert.deepEqual([...tried].toSorted(), [...SERVER_NAMES].toSorted());
  });
});
