import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

/** What is counted on screens, in mails and in logs. */
const NOUNS =
  'alerts|clients|consequences|consumers|containers|documents|ends|entries|events|failures|files|findings|jobs|lines|messages|orchestrators|problems|queues|recipients|restarts|samples|silences|stages|steps|times|workers';
/** A count that a template puts before a noun in the plural, whatever the count is. */
const COUNT_AND_PLURAL = new RegExp(
  `\\$\\{[^{}]*(?:\\{[^}]*\\}[^{}]*)?\\} (?:more |earlier )?(?:${NOUNS})\\b`,
);
/** Guarded by the line itself, or a limit that is never one. */
const ALLOWED = /\bcounted\(|formatNumbered\(|=== 1 \?|> 1 \?|\$\{MAX_|maxSamples|maxClients/;
const MILLISECONDS = /\$\{[^}]*[mM]s\)?\} ?ms\b/;

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('simulation'))
  .map((path) => join('src', path));

function linesWith(pattern: RegExp): readonly string[] {
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => (pattern.test(line) && !ALLOWED.test(line) ? `${file}: ${line.trim()}` : [])),
  );
}

describe('the words of all texts', () => {
  it('count one thing in the singular: no template puts a number before a plural', () => {
    assert.deepEqual(linesWith(COUNT_AND_PLURAL), []);
  });

  it('say times as people do, not in milliseconds', () => {
    assert.deepEqual(linesWith(MILLISECONDS), []);
  });
});
