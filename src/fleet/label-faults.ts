/** Finds what labels of a container say that is not understood, and most likely not meant. */

import { nearestWord } from '../lib/nearest-word.js';
import { DUMP_LABEL, dumpSignalOf } from './dump-label.js';
import { ROLES } from './model.js';

const PREFIX = 'stagewatch.';
const LABELS = [
  'stagewatch.role',
  'stagewatch.stage',
  'stagewatch.gpu',
  'stagewatch.restart',
  DUMP_LABEL,
] as const;
const ROLE_WORDS: readonly string[] = [...ROLES, 'ignore'];
const ALLOWING = new Set(['true', 'yes', 'on', '1']);
const FORBIDDING = new Set(['false', 'no', 'off', '0']);

/** What the label `stagewatch.restart` says. What is not understood forbids: nobody writes it to allow what is allowed. */
export function isRestartAllowedBy(value: string): boolean {
  return ALLOWING.has(value.trim().toLowerCase());
}

/** Sentences; `stages` are those configured, none where labels alone tell of them. */
export function faultsOfLabels(
  labels: Readonly<Record<string, string>>,
  stages: readonly string[],
): readonly string[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    if (!key.startsWith(PREFIX)) return [];
    return faultOf(key, value, stages) ?? [];
  });
}

function faultOf(key: string, value: string, stages: readonly string[]): string | undefined {
  switch (key) {
    case 'stagewatch.role':
      if (ROLE_WORDS.includes(value)) return undefined;
      return `label ${key}=${value} is no role (${ROLE_WORDS.join(', ')})${meant(value, ROLE_WORDS)}`;
    case 'stagewatch.restart': {
      const word = value.trim().toLowerCase();
      if (ALLOWING.has(word) || FORBIDDING.has(word)) return undefined;
      return `label ${key}=${value} is neither true nor false: it is taken as false`;
    }
    case 'stagewatch.stage': {
      const near = stages.includes(value) ? undefined : nearestWord(value, stages);
      return near === undefined
        ? undefined
        : `label ${key}=${value} names no stage that is configured; meant ${near}?`;
    }
    case DUMP_LABEL:
      return dumpSignalOf({ [key]: value })
        ? undefined
        : `label ${key}=${value} is not SIGUSR1 or SIGUSR2: it is never asked for its stacks`;
    case 'stagewatch.gpu':
      return undefined;
    default:
      return `label ${key} is not known (${LABELS.join(', ')})${meant(key, LABELS)}`;
  }
}

function meant(typed: string, words: readonly string[]): string {
  const near = nearestWord(typed, words);
  return near === undefined ? '' : `; meant ${near}?`;
}
