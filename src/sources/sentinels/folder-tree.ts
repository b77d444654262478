/** The folders that can hold sentinels, and what is remembered of each file in few bytes. */

import type { Place } from '../../config/sentinel-pattern.js';
import type { FileIdentity } from './observer-messages.js';

export interface KnownFailure {
  readonly stageIndex: number;
  readonly identity: FileIdentity;
}

export interface Folder {
  readonly name: string;
  /** Undefined: the root. */
  readonly parent: Folder | undefined;
  readonly depth: number;
  readonly place: Place;
  /** Inode and device when it was last read. */
  identity: string;
  device: number;
  /** The file system tells this kernel of every change in the folder. */
  isTrusted: boolean;
  /** Changes when an entry comes or goes; NaN: read again whatever it is now. */
  stamp: number;
  /** When it was last read, by the wall clock; 0: never. */
  readAtMs: number;
  /** When it was last seen unchanged, or read. */
  checkedAtMs: number;
  /** The folder above it did not hold it then; 0: not known. */
  readonly bornAfterMs: number;
  isWatched: boolean;
  isDropped: boolean;
  children: Map<string, Folder> | undefined;
  /** One number a success sentinel, see `successCode`. */
  successes: readonly number[];
  failures: Map<string, KnownFailure> | undefined;
}

export function createFolder(
  name: string,
  parent: Folder | undefined,
  place: Place,
  bornAfterMs = 0,
): Folder {
  return {
    name,
    parent,
    depth: parent ? parent.depth + 1 : 0,
    place,
    identity: '',
    device: parent?.device ?? -1,
    isTrusted: parent?.isTrusted ?? false,
    stamp: Number.NaN,
    readAtMs: 0,
    checkedAtMs: 0,
    bornAfterMs,
    isWatched: false,
    isDropped: false,
    children: undefined,
    successes: NO_SUCCESSES,
    failures: undefined,
  };
}

export const NO_SUCCESSES: readonly number[] = [];

/** Below the root, without a leading slash; the root itself is empty. */
export function relativePath(folder: Folder): string {
  let path = folder.name;
  for (let up = folder.parent; up?.parent; up = up.parent) path = `${up.name}/${path}`;
  return folder.parent ? path : '';
}

/** Every folder below and with `top`, parents first. Folders may be dropped and added meanwhile. */
export function* walkFolders(top: Folder): Generator<Folder> {
  const open = [top];
  for (let folder = open.pop(); folder; folder = open.pop()) {
    if (folder.isDropped) continue;
    yield folder;
    if (folder.children) for (const child of folder.children.values()) open.push(child);
  }
}

const STAGE_SLOTS = 1024;

/**
 * A file name's hash and its stage in one number: a million names would cost a hundred bytes each.
 * Two names of one folder share a hash once in four thousand million pairs; then one of them is not seen.
 */
export function successCode(name: string, stageIndex: number): number {
  return textHash(name) * STAGE_SLOTS + stageIndex;
}

export function hashOfCode(code: number): number {
  return Math.floor(code / STAGE_SLOTS);
}

export function stageOfCode(code: number): number {
  return code % STAGE_SLOTS;
}

/** FNV-1a, 32 bits. */
export function textHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
