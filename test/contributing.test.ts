import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FINDING_KINDS } from '../src/detectors/finding.js';
import { SOURCE_NAMES } from '../src/fleet/model.js';

const CONTRIBUTING = readFileSync('CONTRIBUTING.md', 'utf8');

/** What stands under a heading of CONTRIBUTING.md. */
function sectionOf(heading: string): string {
  const begin = CONTRIBUTING.indexOf(`## ${heading}\n`);
  assert.ok(begin >= 0, heading);
  return CONTRIBUTING.slice(begin, CONTRIBUTING.indexOf('\n## ', begin + 1));
}

const pathsIn = (text: string): readonly string[] =>
  [...text.matchAll(/`((?:src|test|docs|alerts|bench|grafana)\/[^`<*]*)`/g)].map(([, path = '']) => path);

/** Files in which every one of these names stands: whoever adds one must open them. */
function filesThatNameAll(names: readonly string[]): readonly string[] {
  const patterns = names.map((name) => new RegExp(`\\b(?:Pipeline)?${name}\\b`));
  return ['src', 'alerts', 'docs', 'test']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.png'))
        .map((entry) => join(entry.parentPath, entry.name)),
    )
    .filter((path) => {
      const text = readFileSync(path, 'utf8');
      return patterns.every((pattern) => pattern.test(text));
    });
}

/** Written by a command, or a picture of a run that `npm test` compares. */
const WRITTEN = /^docs\/(configuration\.md|stagewatch\.schema\.json)$|^test\/fixtures\//;

describe('what CONTRIBUTING tells', () => {
  it('of files and folders is there, in the architecture too', () => {
    const named = pathsIn(CONTRIBUTING + readFileSync('docs/architecture.md', 'utf8'));
    assert.ok(named.length > 40, `${named.length}`);
    for (const path of named) assert.ok(existsSync(path), path);
  });

  it('of commands is in package.json', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    for (const [, name = ''] of CONTRIBUTING.matchAll(/npm run ([a-z:]+)/g)) assert.ok(name in scripts, name);
  });

  for (const [heading, names] of [
    ['Add a kind of finding', FINDING_KINDS],
    ['Add a source', SOURCE_NAMES],
    ['Add a channel', ['email', 'alertmanager', 'webhook']],
  ] as const) {
    it(`under “${heading}” is every file that lists them all`, () => {
      const told = new Set(pathsIn(sectionOf(heading)));
      const needed = filesThatNameAll(names).filter(
        (path) => !WRITTEN.test(path) && !path.endsWith('.test.ts'),
      );
      assert.ok(needed.length > 4);
      assert.deepEqual(
        needed.filter((path) => !told.has(path)),
        [],
      );
    });
  }
});
