/** Finds in a compose file what a linter would: keys that are none, references to nothing, images that are not pinned. */

import { parse } from 'yaml';

export interface LintedService {
  readonly image?: string;
  readonly build?: unknown;
  readonly ports?: readonly unknown[];
  readonly volumes?: readonly unknown[];
  readonly networks?: readonly string[];
  readonly secrets?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: Readonly<Record<string, unknown>>;
}

interface LintedFile {
  readonly services: Readonly<Record<string, LintedService>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, unknown>>;
}

/** Of the Compose Specification; those that no file here uses are not listed. */
const FILE_KEYS = ['services', 'networks', 'volumes', 'secrets'];
const SERVICE_KEYS = (
  'build cap_add cap_drop command depends_on deploy entrypoint environment healthcheck hostname image labels logging ' +
  'mem_limit networks pids_limit ports profiles read_only restart secrets security_opt stop_grace_period tmpfs user volumes'
).split(' ');
const HEALTH_KEYS = ['test', 'interval', 'timeout', 'retries', 'start_period'];
const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'];
const DURATION = /^\d+(?:ms|s|m|h)$/;
/** `name:1.2.3`, with more behind it, or a digest. */
const PINNED = /(?::v?\d+\.\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$/;

/** One sentence a fault, with its place. A key that stands twice is one that the parser finds. */
export function lintCompose(text: string): readonly string[] {
  const file = parse(text, { merge: true, strict: true, uniqueKeys: true }) as LintedFile;
  const faults = unknownKeys(file, FILE_KEYS, 'file');
  for (const [name, service] of Object.entries(file.services))
    faults.push(...lintService(name, service, file));
  return [...faults, ...unused(file), ...repeatedPorts(file)];
}

function lintService(name: string, service: LintedService, file: LintedFile): string[] {
  const { image, healthcheck } = service;
  return [
    ...unknownKeys(service, SERVICE_KEYS, name),
    ...(image !== undefined && PINNED.test(image) ? [] : [`${name}: image ${image} is not pinned`]),
    ...lintReferences(name, service, file),
    ...lintOpenings(name, service),
    ...(healthcheck ? lintHealth(name, healthcheck) : []),
  ];
}

function lintReferences(name: string, service: LintedService, file: LintedFile): string[] {
  const waits = Object.entries(service.depends_on ?? {});
  const used = [
    ['networks', service.networks ?? []],
    ['secrets', service.secrets ?? []],
    ['services', waits.map(([other]) => other)],
  ] as const;
  const missing = used.flatMap(([kind, names]) =>
    names.filter((one) => !(one in (file[kind] ?? {}))).map((one) => `${name}: there are no ${kind} ${one}`),
  );
  const vain = waits.flatMap(([other, { condition }]) => {
    if (!CONDITIONS.includes(condition)) return [`${name}: ${other} has no condition ${condition}`];
    const isVain = condition === 'service_healthy' && !file.services[other]?.healthcheck;
    return isVain ? [`${name}: ${other} has no health check to wait for`] : [];
  });
  return [...missing, ...vain];
}

/** Ports and volumes. */
function lintOpenings(name: string, { ports = [], volumes = [] }: LintedService): string[] {
  const isLocal = (port: unknown): boolean => typeof port === 'string' && /^127\.0\.0\.1:.+:\d+$/.test(port);
  const isHarmless = (volume: unknown): boolean =>
    typeof volume === 'string' && (!volume.includes('docker.sock') || volume.endsWith(':ro'));
  return [
    ...ports
      .filter((port) => !isLocal(port))
      .map((port) => `${name}: port ${String(port)} is not on loopback`),
    ...volumes
      .filter((volume) => !isHarmless(volume))
      .map((volume) => `${name}: ${String(volume)} is not :ro`),
  ];
}

function lintHealth(name: string, healthcheck: Readonly<Record<string, unknown>>): string[] {
  const faults = unknownKeys(healthcheck, HEALTH_KEYS, `${name}.healthcheck`);
  const { test, ...times } = healthcheck;
  if (!Array.isArray(test) || test[0] !== 'CMD') faults.push(`${name}: its health check needs a shell`);
  for (const [key, value] of Object.entries(times))
    if (key !== 'retries' && !DURATION.test(String(value))) faults.push(`${name}: ${key} ${String(value)}`);
  return faults;
}

function unknownKeys(value: object, known: readonly string[], where: string): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key) && !key.startsWith('x-'))
    .map((key) => `${where}: ${key} is unknown here`);
}

/** Networks and secrets that no service has. */
function unused({ services, networks = {}, secrets = {} }: LintedFile): string[] {
  const all = Object.values(services);
  const isUsed = (kind: 'networks' | 'secrets', name: string): boolean =>
    all.some((service) => service[kind]?.includes(name));
  return (
    [
      ['networks', Object.keys(networks)],
      ['secrets', Object.keys(secrets)],
    ] as const
  ).flatMap(([kind, names]) =>
    names.filter((name) => !isUsed(kind, name)).map((name) => `no service uses ${kind} ${name}`),
  );
}

function repeatedPorts({ services }: LintedFile): string[] {
  const ports = Object.values(services).flatMap(({ ports = [] }) => ports.map(String));
  const hosts = ports.map((port) => port.slice(0, port.lastIndexOf(':')));
  return hosts.filter((host, index) => hosts.indexOf(host) !== index).map((host) => `${host} is taken twice`);
}
