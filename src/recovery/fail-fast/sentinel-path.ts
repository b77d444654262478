/** Decides where the sentinel of a job is, from the pattern by which sentinels are found; refuses what is no safe path. */

import { compilePattern, FAILED_SUFFIX } from '../../config/sentinel-pattern.js';

export interface JobName {
  readonly document?: string;
  readonly stage?: string;
}

export type PathRefusal = 'pattern_has_wildcards' | 'document_unknown' | 'stage_unknown' | 'unsafe_name';

export type SentinelPath =
  /** Names of the folders under the root, and of the success sentinel in the last of them. */
  | { readonly kind: 'path'; readonly folders: readonly string[]; readonly file: string }
  | { readonly kind: 'refused'; readonly reason: PathRefusal };

/** Most file systems allow no longer name; ours is longer than the sentinel's by this much. */
const MAX_NAME_BYTES = 255;
const TEMPORARY_NAME_BYTES = 40;

export function sentinelPath(pattern: string, { document, stage }: JobName): SentinelPath {
  if (pattern.includes('*')) return refused('pattern_has_wildcards');
  if (pattern.includes('{document}') && document === undefined) return refused('document_unknown');
  if (pattern.includes('{stage}') && stage === undefined) return refused('stage_unknown');
  const names = pattern
    .split('/')
    .map((segment) =>
      segment.replaceAll('{document}', () => document ?? '').replaceAll('{stage}', () => stage ?? ''),
    );
  const file = names.at(-1) ?? '';
  const folders = names.slice(0, -1);
  if (!names.every(isSafeName) || !isFoundAgain(pattern, folders, file, { document, stage })) {
    return refused('unsafe_name');
  }
  return { kind: 'path', folders, file };
}

function refused(reason: PathRefusal): SentinelPath {
  return { kind: 'refused', reason };
}

function isSafeName(name: string): boolean {
  const isShort = Buffer.byteLength(name) <= MAX_NAME_BYTES - TEMPORARY_NAME_BYTES;
  return isShort && name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}

/** The reader must take the path for the failure of this very job, or the name is a trick, or ambiguous. */
function isFoundAgain(
  pattern: string,
  folders: readonly string[],
  file: string,
  job: { readonly document: string | undefined; readonly stage: string | undefined },
): boolean {
  const compiled = compilePattern(pattern);
  let place: ReturnType<typeof compiled.enter> = compiled.root;
  for (const folder of folders) place = place && compiled.enter(place, folder);
  const match = place && compiled.match(place, `${file}${FAILED_SUFFIX}`);
  if (match?.outcome !== 'failure') return false;
  return (
    (match.document === undefined || match.document === job.document) &&
    (match.stage === undefined || match.stage === job.stage)
  );
}
