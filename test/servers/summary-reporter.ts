/** A reporter for `node --test`: tells at the end what thousands of lines above would hide: what failed, and what took long. */

import type { TestEvent } from 'node:test/reporters';
import { sourceOf } from './run-reporter.js';

/** As much of an error as tells what went wrong; all of it stands where the test reported it. */
const ERROR_LINES = 12;
/** Files in the table of those that took longest. */
const SLOWEST = 15;

// biome-ignore lint/style/noDefaultExport: node --test takes a reporter by its default export.
export default async function* summarize(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
  const seconds = new Map<string, number>();
  for await (const { type, data } of source) {
    if (type !== 'test:fail' && type !== 'test:pass') continue;
    if (data.nesting === 0 && data.file !== undefined) {
      const path = sourceOf(data.file);
      seconds.set(path, (seconds.get(path) ?? 0) + data.details.duration_ms / 1000);
    }
    if (type !== 'test:fail' || isOfItsSubtests(data.details.error)) continue;
    const place = data.file === undefined ? '' : `${sourceOf(data.file)}:${data.line ?? ''} `;
    const isTodo = data.todo !== undefined && data.todo !== false;
    failures.push(`${isTodo ? 'todo' : 'FAILED'} ${place}${data.name}\n${shortText(data.details.error)}\n`);
  }
  yield slowest(seconds);
  if (failures.length > 0) yield `\n${failures.join('\n')}`;
}

function slowest(seconds: ReadonlyMap<string, number>): string {
  const longest = [...seconds].toSorted(([, one], [, other]) => other - one).slice(0, SLOWEST);
  const lines = longest.map(([path, time]) => `${time.toFixed(1).padStart(8)} s  ${path}`);
  return `\nThe slowest files:\n${lines.join('\n')}\n`;
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
