/** A reporter for `node --test`: names at the end what failed, which thousands of lines above it would hide. */

import type { TestEvent } from 'node:test/reporters';
import { sourceOf } from './run-reporter.js';

/** As much of an error as tells what went wrong; all of it stands where the test reported it. */
const ERROR_LINES = 12;

// biome-ignore lint/style/noDefaultExport: node --test takes a reporter by its default export.
export default async function* nameFailures(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
  for await (const { type, data } of source) {
    if (type !== 'test:fail' || isOfItsSubtests(data.details.error)) continue;
    const place = data.file === undefined ? '' : `${sourceOf(data.file)}:${data.line ?? ''} `;
    const isTodo = data.todo !== undefined && data.todo !== false;
    failures.push(`${isTodo ? 'todo' : 'FAILED'} ${place}${data.name}\n${shortText(data.details.error)}\n`);
  }
  if (failures.length > 0) yield `\n${failures.join('\n')}`;
}

/** A suite fails with what is in it, which is named by itself. */
function isOfItsSubtests(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}

function shortText(error: Error): string {
  const reason = error.cause instanceof Error ? error.cause : error;
  const lines = (reason.stack ?? reason.message)
    .split('\n')
    .filter((line) => !/ \(?node:internal/.test(line));
  return lines
    .slice(0, ERROR_LINES)
    .map((line) => `  ${line}`)
    .join('\n');
}
