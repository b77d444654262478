/** A reporter for `node --test`: counts the tests of each file, for the record of what was run on which servers. */

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import type { FileCounts } from './run-records.js';

/** A line of JSON at the end: counts by the path of the test file. */
// biome-ignore lint/style/noDefaultExport: node --test takes a reporter by its default export.
export default async function* countByFile(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts: Record<string, FileCounts> = {};
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { file, details, skip } = data;
    if (file === undefined || details.type === 'suite') continue;
    const path = sourceOf(file);
    // A file that passes is told as a test of its own where it has none.
    if (data.name === file) continue;
    const { passed, failed, skipped } = counts[path] ?? { passed: 0, failed: 0, skipped: 0 };
    const isSkipped = skip !== undefined && skip !== false;
    counts[path] = {
      passed: passed + (type === 'test:pass' && !isSkipped ? 1 : 0),
      failed: failed + (type === 'test:fail' ? 1 : 0),
      skipped: skipped + (isSkipped ? 1 : 0),
    };
  }
  yield `${JSON.stringify(counts)}\n`;
}

/** `recovery/plan.test.ts`, of the compiled file or of what its source map names. */
export function sourceOf(file: string): string {
  return relative('.', file)
    .replace(/^(?:build\/)?test\//, '')
    .replace(/\.js$/, '.ts');
}
