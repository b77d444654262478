/** Which test files run again on the servers of another suite: those that say they need one of its servers. */

import { readFileSync } from 'node:fs';

export const SERVER_NAMES = ['docker', 'podman', 'rabbitmq', 'prometheus', 'alertmanager'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** They need a server, and no answer of theirs depends on its version; each takes over half a minute. */
const RUN_ON_THE_HOST_ONLY: ReadonlySet<string> = new Set([
  'compose/image.test.ts',
  'docs-commands.test.ts',
  'integration/demo.test.ts',
  'integration/simulated-history.test.ts',
]);

/**
 * What runs on a newer suite beside all tests on the host (`STAGEWATCH_TEST_SUITES=host,trixie`): of each server what
 * depends on its version most, in about four minutes. Where the suite is named alone, all that need a server run.
 */
export const RUN_BESIDE_THE_HOST: readonly string[] = [
  'integration/recovery.test.ts',
  'integration/alert-chain.test.ts',
  'integration/docker-truth.test.ts',
  'integration/podman.test.ts',
  'integration/unkind-engine.test.ts',
  'integration/recovery-broker.test.ts',
  'integration/redelivery.test.ts',
  'integration/how-it-ended.test.ts',
  'integration/swarm.test.ts',
  'integration/card-commands.test.ts',
  'integration/docker-cpu.test.ts',
  'integration/alertmanager-inhibition.test.ts',
  'integration/alertmanager-mail.test.ts',
  'sources/rabbitmq/broker-outage.test.ts',
  'sources/rabbitmq/queue-kinds.test.ts',
  'sources/rabbitmq/rabbitmq-source.test.ts',
  'alerting/alertmanager.test.ts',
  'alerts/alert-cases.test.ts',
  'alerts/rule-files.test.ts',
  'alerts/server-config.test.ts',
];

/** The servers of a suite that a test file says it needs. `path` is below `test/`. */
export function serversOf(path: string): readonly ServerName[] {
  const needed = readFileSync(`test/${path}`, 'utf8').matchAll(/skipWithout\(([^)]*)\)/g);
  const words = [...needed].map(([, names]) => names).join(' ');
  return SERVER_NAMES.filter((name) => words.includes(`'${name}'`));
}

/** `paths` are below `test/`. */
export function testsOfServers(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !RUN_ON_THE_HOST_ONLY.has(path) && serversOf(path).length > 0);
}
