/** Debian suites whose servers the tests run beside the host's own: where each lives, and how its programs are found. */

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Newer suites than the host's, oldest first; `host` stands for what the machine itself has. */
export const SUITES = ['trixie', 'sid'] as const;
export type Suite = (typeof SUITES)[number];

/** The suites of `npm test` where `STAGEWATCH_TEST_SUITES` names none. */
export const DEFAULT_SUITES = 'host';

/** Packages of a suite that hold the servers under test. */
export const SUITE_PACKAGES = [
  'docker.io',
  'docker-cli',
  'containerd',
  'runc',
  'iptables',
  'rabbitmq-server',
  'prometheus',
  'prometheus-alertmanager',
  'podman',
  'conmon',
] as const;

/** Programs that a run on a suite takes from the suite, never from the host. */
export const SUITE_PROGRAMS: readonly string[] = [
  'dockerd',
  'docker',
  'containerd',
  'runc',
  'rabbitmq-server',
  'rabbitmqctl',
  'prometheus',
  'promtool',
  'prometheus-alertmanager',
  'amtool',
  'podman',
];

/** Where a suite's programs see the root folder of the machine. */
export const HOST_FOLDER = '/host';

/** A path of the machine as the servers of this process's suite see it, to be mounted into a container. */
export function pathForEngine(path: string): string {
  return currentSuite() === undefined ? path : join(HOST_FOLDER, path);
}

/** Folder of all suites; survives the run, so that each is made once a machine. */
export function suitesFolder(): string {
  return process.env['STAGEWATCH_TEST_CACHE'] ?? join(homedir(), '.cache', 'stagewatch-test-servers');
}

/** The suite's root folder, complete once it stands under this name. */
export function suiteRoot(suite: Suite): string {
  return join(suitesFolder(), suite);
}

/** Programs here start the suite's program of the same name. */
export function suiteBin(suite: Suite): string {
  return join(suitesFolder(), `${suite}-bin`);
}

/** The suite that this process's tests run on, from `STAGEWATCH_TEST_SUITE`; undefined for the host's servers. */
export function currentSuite(): Suite | undefined {
  return SUITES.find((suite) => suite === process.env['STAGEWATCH_TEST_SUITE']);
}

/** Parts of a list such as `host,trixie`. Throws on a suite that is not known. */
export function parseSuites(list: string): readonly (Suite | 'host')[] {
  const known: readonly (Suite | 'host')[] = ['host', ...SUITES];
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const suite = known.find((name) => name === part);
      if (suite === undefined)
        throw new Error(`STAGEWATCH_TEST_SUITES: no suite "${part}"; known: ${known.join(', ')}`);
      return suite;
    });
}
