/** Finds the container that a progress file or message means by its name. */

import type { Container, IgnoredContainer } from './model.js';

export interface ReporterIndex {
  /** By the container's name, its `service-number`, or at least 8 digits of its id; undefined if none or several. */
  find(name: string): Container | undefined;
  /** A container of which a label says that it is no part of the pipeline. */
  isIgnored(name: string): boolean;
}

const ID_PREFIX = /^[0-9a-f]{8,64}$/;

export function createReporterIndex(
  containers: Iterable<Container>,
  ignored: Iterable<IgnoredContainer>,
): ReporterIndex {
  const byName = new Map<string, Container>();
  /** Null: two projects have such a service. */
  const byReplica = new Map<string, Container | null>();
  const byId: Container[] = [];
  const ignoredNames = new Set([...ignored].filter(({ isByLabel }) => isByLabel).map(({ name }) => name));
  for (const container of containers) {
    if (container.role === 'other') {
      // What reports progress under the name of one that nothing describes is a worker all the same.
      if (container.isOtherByLabel) ignoredNames.add(container.name);
      continue;
    }
    byName.set(container.name, container);
    byId.push(container);
    for (const replica of container.replicaNames ?? []) {
      byReplica.set(replica, byReplica.has(replica) ? null : container);
    }
  }
  byId.sort((one, other) => (one.id < other.id ? -1 : 1));

  function findById(prefix: string): Container | undefined {
    let low = 0;
    let high = byId.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((byId[middle]?.id ?? '') < prefix) low = middle + 1;
      else high = middle;
    }
    const isAmbiguous = byId[low + 1]?.id.startsWith(prefix) === true;
    return byId[low]?.id.startsWith(prefix) && !isAmbiguous ? byId[low] : undefined;
  }

  return {
    find(name) {
      const found = byName.get(name) ?? byReplica.get(name);
      return found ?? (ID_PREFIX.test(name) ? findById(name) : undefined);
    },
    isIgnored: (name) => ignoredNames.has(name),
  };
}
