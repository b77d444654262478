/** What the tests need of the machine: which servers there are, and what it means when one is not to be had. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface ServerProgram {
  /** For people. */
  readonly what: string;
  /** Where Debian puts it when the PATH does not have it. */
  readonly programs: readonly string[];
  readonly packages: readonly string[];
  readonly needsRoot: boolean;
}

export const SERVER_PROGRAMS = {
  docker: {
    what: 'Docker Engine',
    programs: ['dockerd', 'docker', 'containerd', 'runc', 'busybox'],
    packages: ['docker.io', 'containerd', 'runc', 'busybox-static', 'iptables'],
    needsRoot: true,
  },
  rabbitmq: {
    what: 'RabbitMQ',
    programs: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    packages: ['rabbitmq-server'],
    needsRoot: true,
  },
  prometheus: {
    what: 'Prometheus',
    programs: ['prometheus', 'promtool'],
    packages: ['prometheus'],
    needsRoot: false,
  },
  alertmanager: {
    what: 'Alertmanager',
    programs: ['prometheus-alertmanager', 'amtool'],
    packages: ['prometheus-alertmanager'],
    needsRoot: false,
  },
  chromium: {
    what: 'Chromium',
    programs: ['chromium'],
    packages: ['chromium', 'fonts-dejavu-core'],
    needsRoot: false,
  },
  compose: {
    what: 'Docker Compose',
    programs: ['docker-compose'],
    packages: ['docker-compose'],
    needsRoot: false,
  },
  python: { what: 'Python', programs: ['python3'], packages: ['python3'], needsRoot: false },
} as const satisfies Record<string, ServerProgram>;

const EXTRA_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a program; Debian's own folders go first, so that client and server are of one version. */
export function findProgram(name: string): string | undefined {
  const folders = name.startsWith('/')
    ? ['']
    : [...EXTRA_FOLDERS, ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why a server cannot be started here, or undefined when it can. */
export function whyMissing({ what, programs, packages, needsRoot }: ServerProgram): string | undefined {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0)
    return `${what}: ${missing.join(', ')} not installed (Debian: ${packages.join(' ')})`;
  if (needsRoot && process.getuid?.() !== 0) return `${what}: starting it needs root`;
  return undefined;
}

/** For `test(name, { skip: skipWithout(...) }, …)`: a reason to skip, or false; with CI=true nothing is skipped. */
export function skipWithout(...names: readonly (keyof typeof SERVER_PROGRAMS)[]): string | false {
  if (process.env['CI'] === 'true') return false;
  const reasons = names
    .map((name) => whyMissing(SERVER_PROGRAMS[name]))
    .filter((reason) => reason !== undefined);
  return reasons.length > 0 ? reasons.join('; ') : false;
}

/** The program's path, or an error that says which package brings it. */
export function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}
