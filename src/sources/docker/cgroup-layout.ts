/** Where the kernel counts the CPU time of a container: the files it may be in, for each way a host can be set up. */

import { join } from 'node:path';
import { asNumber, asRecord, asText, optional } from '../../lib/shape.js';

/** What an inspect tells of a container's control group. */
export interface CgroupHints {
  /** `HostConfig.CgroupParent`, where it is not the engine's default. */
  readonly parent?: string;
  /** Of the container's first process, in the engine's view. */
  readonly pid?: number;
  /** The unit of systemd that runs it, whose group Podman splits (`--cgroups=split`, as quadlets do). */
  readonly unit?: string;
}

/** The two forms of the count: nanoseconds alone, or `usage_usec` among others. */
export type CpuFileKind = 'cpuacct.usage' | 'cpu.stat';

/** A place in the tree of control groups that fits any container of its kind once the id is put in. */
export interface CgroupPlace {
  readonly kind: CpuFileKind;
  /** Relative to the root of the tree; ID stands for the id. */
  readonly template: string;
}

const ID = '<id>';

/** Version 2 has one tree; version 1 one for each controller, joined or apart. */
const TREES: readonly { readonly folder: string; readonly kind: CpuFileKind }[] = [
  { folder: '', kind: 'cpu.stat' },
  { folder: 'cpuacct', kind: 'cpuacct.usage' },
  { folder: 'cpu,cpuacct', kind: 'cpuacct.usage' },
];

/** Of the cgroupfs driver and the systemd driver, of Docker and of Podman. */
const DEFAULT_FOLDERS = [
  `docker/${ID}`,
  `system.slice/docker-${ID}.scope`,
  `machine.slice/libpod-${ID}.scope`,
  `libpod_parent/libpod-${ID}`,
];

/** Where to look for a container, likeliest first. */
export function cgroupPlaces({ parent, unit }: CgroupHints): readonly CgroupPlace[] {
  return inEachTree([...foldersUnder(parent ?? ''), ...foldersOfUnit(unit ?? ''), ...DEFAULT_FOLDERS]);
}

/** Version 2 only: without root there are no groups in version 1. `users` are the ids of those that are logged in. */
export function rootlessPlaces(users: readonly string[]): readonly CgroupPlace[] {
  return users.flatMap((user) => {
    const slice = `user.slice/user-${user}.slice/user@${user}.service/user.slice`;
    return ['libpod', 'docker'].map(
      (program): CgroupPlace => ({ kind: 'cpu.stat', template: `${slice}/${program}-${ID}.scope` }),
    );
  });
}

/** The user ids in the names of what stands in `user.slice`. */
export function usersIn(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => /^user-(\d+)\.slice$/.exec(name)?.[1] ?? []);
}

/**
 * Where `/proc/PID/cgroup` says that a container is; none where the process is another's, as it is when the engine
 * counts processes in another way than we do.
 */
export function placesInProc(text: string, id: string): readonly CgroupPlace[] {
  for (const line of text.split('\n')) {
    // `4:cpu,cpuacct:/docker/<id>`, in version 2 `0::/system.slice/docker-<id>.scope`
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || !(controllers === '' || controllers?.split(',').includes('cpuacct'))) continue;
    const segments = safeSegments(path);
    const last = segments?.findLastIndex((segment) => segment.includes(id)) ?? -1;
    // Below its own group a container may have made more.
    if (segments && last >= 0)
      return inEachTree([
        segments
          .slice(0, last + 1)
          .join('/')
          .replaceAll(id, ID),
      ]);
  }
  return [];
}

export function cgroupFile(root: string, { template, kind }: CgroupPlace, id: string): string {
  return join(root, template.replaceAll(ID, id), kind);
}

function inEachTree(folders: readonly string[]): readonly CgroupPlace[] {
  return folders.flatMap((folder) =>
    TREES.map((tree) => ({ kind: tree.kind, template: join(tree.folder, folder) })),
  );
}

function foldersUnder(parent: string): readonly string[] {
  const segments = safeSegments(parent);
  const name = segments?.at(-1);
  if (!segments || name === undefined) return [];
  const folder = segments.join('/');
  if (!name.endsWith('.slice')) return [`${folder}/${ID}`, `${folder}/libpod-${ID}`];
  return ['docker', 'libpod'].map((program) => `${slicePath(name)}/${program}-${ID}.scope`);
}

function foldersOfUnit(unit: string): readonly string[] {
  const isName = /^[\w@:.-]+\.service$/.test(unit);
  return isName ? [`system.slice/${unit}/libpod-payload-${ID}`] : [];
}

/** systemd nests slices by their names: `a-b.slice` is in `a.slice`. */
function slicePath(name: string): string {
  const parts = name.slice(0, -'.slice'.length).split('-');
  return parts.map((_part, index) => `${parts.slice(0, index + 1).join('-')}.slice`).join('/');
}

/** Undefined where the path would lead out of the tree. */
function safeSegments(path: string): readonly string[] | undefined {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  return segments.includes('..') ? undefined : segments;
}

/** Throws ShapeError when the answer is not an inspected container. */
export function parseCgroupHints(answer: unknown): CgroupHints {
  const fields = asRecord(answer, 'the whole');
  const hostConfig = optional(fields['HostConfig'], 'HostConfig', asRecord);
  const state = optional(fields['State'], 'State', asRecord);
  const parent = optional(hostConfig?.['CgroupParent'], 'HostConfig.CgroupParent', asText);
  const pid = optional(state?.['Pid'], 'State.Pid', asNumber);
  const config = optional(fields['Config'], 'Config', asRecord);
  const labels = optional(config?.['Labels'], 'Config.Labels', asRecord);
  const unit = optional(labels?.['PODMAN_SYSTEMD_UNIT'], 'PODMAN_SYSTEMD_UNIT', asText);
  return { ...(parent && { parent }), ...(pid && { pid }), ...(unit && { unit }) };
}
