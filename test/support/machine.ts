/** What the tests need of the machine: which servers there are, and what it means when one is not to be had. */

import { accessSync, constants, existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { currentSuite, SUITE_PROGRAMS, type Suite, suiteBin } from '../servers/suites.js';

export interface ServerProgram {
  /** For people. */
  readonly what: string;
  /** Where Debian puts it when the PATH does not have it. */
  readonly programs: readonly string[];
  /** What is there only with its packages and is no program: libraries of Debian's Python. */
  readonly files?: readonly string[];
  readonly packages: readonly string[];
  readonly needsRoot: boolean;
}

/** Where Debian puts libraries of its own Python, which need not be the first on the PATH. */
const PYTHON_LIBRARIES = '/usr/lib/python3/dist-packages';

export const SERVER_PROGRAMS = {
  docker: {
    what: 'Docker Engine',
    programs: ['dockerd', 'docker', 'containerd', 'runc', 'busybox'],
    packages: ['docker.io', 'containerd', 'runc', 'busybox-static', 'iptables'],
    needsRoot: true,
  },
  podman: {
    what: 'Podman',
    programs: ['podman', 'conmon', 'runc', 'docker', 'busybox'],
    packages: ['podman', 'conmon', 'runc', 'docker.io', 'busybox-static'],
    needsRoot: true,
  },
  rabbitmq: {
    what: 'RabbitMQ',
    programs: ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/usr/lib/rabbitmq/bin/rabbitmqctl'],
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
  debootstrap: {
    what: 'Debian suites with newer servers',
    programs: ['debootstrap'],
    packages: ['debootstrap'],
    needsRoot: true,
  },
  fsfreeze: {
    what: 'a disk that can be frozen',
    programs: ['fsfreeze', 'mkfs.ext4'],
    packages: ['util-linux', 'e2fsprogs'],
    needsRoot: true,
  },
  cable: {
    what: 'a network cable that can be cut',
    programs: ['ip', 'nsenter', 'mount'],
    packages: ['iproute2', 'util-linux', 'mount'],
    needsRoot: true,
  },
  python: { what: 'Python', programs: ['python3'], packages: ['python3'], needsRoot: false },
  mypy: { what: 'mypy', programs: ['/usr/bin/mypy'], packages: ['mypy'], needsRoot: false },
  pythonKit: {
    what: 'Python with pika and Celery',
    programs: ['/usr/bin/python3'],
    files: ['pika', 'celery', 'setuptools', 'wheel', 'pip'].map((name) => join(PYTHON_LIBRARIES, name)),
    packages: [
      'python3',
      'python3-pika',
      'python3-celery',
      'python3-setuptools',
      'python3-wheel',
      'python3-pip',
    ],
    needsRoot: false,
  },
} as const satisfies Record<string, ServerProgram>;

const EXTRA_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * Absolute path of a program; Debian's own folders go first, so that client and server are of one version. In a run on a
 * suite of its own, that suite's program or none.
 */
export function findProgram(name: string, suite: Suite | undefined = currentSuite()): string | undefined {
  if (suite !== undefined && SUITE_PROGRAMS.includes(basename(name))) {
    const path = join(suiteBin(suite), basename(name));
    return isExecutable(path) ? path : undefined;
  }
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

export function missingParts({ programs, files = [] }: ServerProgram): readonly string[] {
  return [
    ...programs.filter((name) => findProgram(name) === undefined),
    ...files.filter((path) => !existsSync(path)),
  ];
}

/** Why a server cannot be started here, or undefined when it can. */
export function whyMissing(server: ServerProgram): string | undefined {
  const { what, packages, needsRoot } = server;
  const missing = missingParts(server);
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
