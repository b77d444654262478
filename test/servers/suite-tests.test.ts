import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RUN_BY_DEFAULT, SERVER_NAMES, serversOf, testsOfServers } from './suite-tests.js';

describe('the tests that run on a newer suite by themselves', () => {
  it('are among those that need one of its servers', () => {
    const all = readdirSync('test', { recursive: true, encoding: 'utf8' });
    const possible = new Set(testsOfServers(all.filter((path) => path.endsWith('.test.ts'))));
    assert.deepEqual(
      RUN_BY_DEFAULT.filter((path) => !possible.has(path)),
      [],
    );
  });

  it('try every server', () => {
    const tried = new Set(RUN_BY_DEFAULT.flatMap(serversOf));
    assert.deepEqual([...tried].toSorted(), [...SERVER_NAMES].toSorted());
  });
});
