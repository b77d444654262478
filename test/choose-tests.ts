/** Chooses test files: all there are, those that need neither server nor browser, those that a change may break. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Below `test/`: they start daemons, brokers, browsers or whole simulated days, and take many seconds each. */
const LONG =
  /^(integration|clients|compose|cli)\/|^(build|package|docs-commands|recovery\/closed-loop|sources\/sentinels\/skewed-server|simulation\/(demo-faults|simulation))\.test/;
const NEEDS_SERVER = /skipWithout\(|startBrowser/;
/** What is read as a file, not imported. */
const READERS: readonly (readonly [changed: RegExp, tests: RegExp])[] = [
  [/\.md$/, /^(docs|words)\.test/],
  [/^(alerts|prometheus)\//, /^alerts\//],
  [/^grafana\/dashboards\//, /^grafana\//],
  [/^src\/views\/page\//, /^views\/page\//],
  [/^src\//, /^(rooms|words)\.test/],
];

/**
 * The tests that there are now, below `test/`; the build folder may hold older ones. Those with real servers wait more
 * than they work and take longest: they begin first.
 */
export function testPaths(): readonly string[] {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .toSorted();
  const isWaiting = (path: string): boolean => /^(integration|clients)\//.test(path);
  return [...paths.filter(isWaiting), ...paths.filter((path) => !isWaiting(path))];
}

/** Those that need neither server nor browser, and are done in seconds. */
export function unitTests(): readonly string[] {
  return testPaths().filter(
    (path) => !LONG.test(path) && !NEEDS_SERVER.test(readFileSync(join('test', path), 'utf8')),
  );
}

/** Those of `tests` that are changed, import a changed file over however many others, or read one. `changed`: from the root. */
export function affectedTests(tests: readonly string[], changed: readonly string[]): readonly string[] {
  const importers = importersOf(tests.map((path) => join('test', path)));
  const affected = new Set(changed);
  for (const file of affected) for (const importer of importers.get(file) ?? []) affected.add(importer);
  return tests.filter(
    (path) =>
      affected.has(join('test', path)) ||
      READERS.some(([file, reader]) => reader.test(path) && changed.some((one) => file.test(one))),
  );
}

/** By file: who imports it, of these files and all that they import. */
function importersOf(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  const seen = new Set(files);
  for (const file of seen) {
    for (const imported of importsOf(file)) {
      seen.add(imported);
      importers.set(imported, [...(importers.get(imported) ?? []), file]);
    }
  }
  return importers;
}

function importsOf(file: string): readonly string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g);
  const paths = [...specifiers].map(([, path]) => normalize(join(dirname(file), `${path}.ts`)));
  return paths.filter((path) => existsSync(path));
}
