/** What a configuration says that is allowed, and most likely not meant. */

import type { Config } from './schema.js';

/** Signs that no name of a container has, and regular expressions are full of. */
const REGULAR_EXPRESSION = /[\^$()[\]{}+|\\]/;

/** Sentences, each naming its place. */
export function adviseOn({ stages, orchestrators, infrastructure }: Config): readonly string[] {
  const patterns = [
    ...stages.flatMap(({ id, workers }) =>
      workers.map((pattern) => [`workers of stage ${id}`, pattern] as const),
    ),
    ...orchestrators.map((pattern) => ['orchestrators', pattern] as const),
    ...Object.entries(infrastructure).flatMap(([name, globs]) =>
      globs.map((pattern) => [`infrastructure.${name}`, pattern] as const),
    ),
  ];
  const expressions = patterns.filter(([, pattern]) => REGULAR_EXPRESSION.test(pattern));
  return [
    ...expressions.map(
      ([place, pattern]) =>
        `${place}: '${pattern}' looks like a regular expression; in name patterns only * and ? stand for other characters`,
    ),
    ...sharedBy(stages.flatMap(({ id, workers }) => workers.map((pattern) => [pattern, id] as const))).map(
      ([pattern, ids]) =>
        `stages ${ids.join(' and ')} have the same workers '${pattern}': they all serve ${ids[0]}`,
    ),
    ...sharedBy(stages.flatMap(({ id, queue }) => (queue === null ? [] : [[queue, id] as const]))).map(
      ([queue, ids]) =>
        `stages ${ids.join(' and ')} have the same queue '${queue}': it is counted for ${ids[0]} alone`,
    ),
  ];
}

function sharedBy(
  pairs: readonly (readonly [key: string, id: string])[],
): readonly [string, readonly string[]][] {
  const idsOf = new Map<string, string[]>();
  for (const [key, id] of pairs) {
    const ids = idsOf.get(key);
    if (!ids) idsOf.set(key, [id]);
    else if (!ids.includes(id)) ids.push(id);
  }
  return [...idsOf].filter(([, ids]) => ids.length > 1);
}
