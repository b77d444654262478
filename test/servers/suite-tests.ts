/** Which test files run again on the servers of another suite: those that say they need one of its servers. */

import { readFileSync } from 'node:fs';

const NEEDS_A_SERVER = /skipWithout\([^)]*'(?:docker|rabbitmq|prometheus|alertmanager)'/;

/** They need a server, and no answer of theirs depends on its version; each takes over half a minute. */
const RUN_ON_THE_HOST_ONLY: ReadonlySet<string> = new Set([
  'compose/image.test.ts',
  'docs-commands.test.ts',
  'integration/demo.test.ts',
  'integration/simulated-history.test.ts',
]);

/** `paths` are below `test/`. */
export function testsOfServers(paths: readonly string[]): readonly string[] {
  return paths.filter(
    (path) => !RUN_ON_THE_HOST_ONLY.has(path) && NEEDS_A_SERVER.test(readFileSync(`test/${path}`, 'utf8')),
  );
}
