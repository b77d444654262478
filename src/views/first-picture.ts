/** What the log says once the first full picture is there: who is watched as what, and who is not. */

import type { Config } from '../config/schema.js';
import type { Fleet } from '../fleet/model.js';

export interface FirstPicture {
  readonly workers: number;
  readonly stages: string;
  readonly orchestrators: number;
  readonly infrastructure: string;
  /** Shown, with role `other`. */
  readonly others: string;
  /** Not shown. */
  readonly ignored: string;
}

const MAX_NAMES = 8;

export function describeFirstPicture({ containers, ignored }: Fleet): FirstPicture {
  const all = [...containers.values()];
  const ofRole = (role: string) => all.filter((container) => container.role === role);
  const stages = new Set(ofRole('worker').map(({ stage }) => stage ?? 'unknown'));
  return {
    workers: ofRole('worker').length,
    stages: listNames([...stages]),
    orchestrators: ofRole('orchestrator').length,
    infrastructure: listNames(ofRole('infrastructure').map(({ title, name }) => title ?? name)),
    others: listNames(ofRole('other').map(({ name }) => name)),
    ignored: listNames([...ignored.values()].map(({ name }) => name)),
  };
}

/** What to do when nothing that was found is a worker; undefined when there is one. */
export function adviceOnRoles({ workers, others, ignored }: FirstPicture): string | undefined {
  if (workers > 0) return undefined;
  const found =
    [others, ignored].filter((names) => names !== '').join('; not shown: ') || 'no container is there yet';
  return `no container is a worker (${found}); label workers stagewatch.role=worker or name them in stages[].workers`;
}

/** Of each stage that no container serves although it names its workers; where the engine is not watched, none can be seen. */
export function adviceOnPatterns(
  { stages, docker }: Pick<Config, 'stages' | 'docker'>,
  { containers }: Pick<Fleet, 'containers'>,
): readonly string[] {
  if (!docker.enabled) return [];
  const served = new Set([...containers.values()].map(({ stage }) => stage));
  return stages
    .filter(({ id, workers: patterns }) => patterns.length > 0 && !served.has(id))
    .map(
      ({ id, workers: patterns }) =>
        `no container serves stage ${id}: none is called ${patterns.join(' or ')}`,
    );
}

/** `a, b, c and 4 more`, sorted; empty for none. */
function listNames(names: readonly string[]): string {
  const sorted = names.toSorted((one, other) => one.localeCompare(other));
  const more = sorted.length - MAX_NAMES;
  return sorted.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
