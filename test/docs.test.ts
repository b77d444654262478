import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { listOptions } from '../src/config/schema-walk.js';
import { FINDING_KINDS } from '../src/detectors/finding.js';
import { generateDocs } from './support/generated-docs.js';

describe('documents made from the code', () => {
  for (const [path, content] of Object.entries(generateDocs())) {
    it(`${path} is fresh (npm run docs writes it)`, () => {
      assert.equal(readFileSync(path, 'utf8'), content);
    });
  }

  it('the README counts the kinds of findings that there are', () => {
    const counted = /\[(\d+) kinds of findings\]/.exec(readFileSync('README.md', 'utf8'))?.[1];
    assert.equal(Number(counted), FINDING_KINDS.length);
  });

  it('every option has a sentence and a value type', () => {
    for (const { path, schema } of listOptions()) {
      const types = [schema, ...(schema.anyOf ?? [])].map((one) => one.valueType);
      assert.ok(schema.description?.endsWith('.'), `${path.join('.')} has no sentence`);
      assert.ok(
        types.some((type) => type !== undefined),
        `${path.join('.')} has no value type`,
      );
    }
  });
});
