/** Counts the lines in logs that fit a pattern, by stage, and keeps the last trouble of each container. */

import type { LogErrorCount, LogMatch, LogObservation, LogReading, LogTrouble } from './log-model.js';
import type { Container } from './model.js';

export interface LogRegistry {
  /** Of every stage with workers and every pattern; empty while no logs are read. */
  counts(): readonly LogErrorCount[];
  /** By container and pattern. */
  readonly troubles: ReadonlyMap<string, LogTrouble>;
  apply(observation: LogObservation): void;
}

/** Of older ones nothing is said; the newest are kept. */
const MAX_TROUBLES = 5000;
const MAX_COUNTS = 20_000;

export function createLogRegistry(containers: ReadonlyMap<string, Container>): LogRegistry {
  const counts = new Map<string, LogErrorCount>();
  const troubles = new Map<string, LogTrouble>();
  let patterns: readonly string[] = [];
  let cooldownMs = 0;

  function countOf(stage: string, pattern: string): LogErrorCount {
    return counts.get(`${stage}\n${pattern}`) ?? { stage, pattern, count: 0 };
  }

  function keepCount(count: LogErrorCount): void {
    const key = `${count.stage}\n${count.pattern}`;
    if (counts.has(key) || counts.size < MAX_COUNTS) counts.set(key, count);
  }

  function note({ identity, name, stage }: Container, match: LogMatch): void {
    if (stage !== undefined) {
      const before = countOf(stage, match.pattern);
      keepCount({ ...before, count: before.count + match.count });
    }
    const key = `${identity}\n${match.pattern}`;
    const known = troubles.get(key);
    const goesOn = known !== undefined && match.atMs - known.atMs <= cooldownMs;
    // Deleted first, so that the map's order is the order of the last lines.
    troubles.delete(key);
    troubles.set(key, {
      ...match,
      identity,
      container: name,
      ...(stage !== undefined && { stage }),
      count: match.count + (goesOn ? known.count : 0),
      firstAtMs: goesOn ? known.firstAtMs : match.atMs,
    });
    const oldest = troubles.keys().next();
    if (troubles.size > MAX_TROUBLES && !oldest.done) troubles.delete(oldest.value);
  }

  function applyRead(readings: readonly LogReading[]): void {
    const byId = new Map(readings.map((reading) => [reading.id, reading.matches]));
    for (const container of containers.values()) {
      for (const match of byId.get(container.id) ?? []) note(container, match);
    }
  }

  return {
    troubles,
    counts() {
      const stages = new Set<string>();
      for (const { role, stage } of containers.values()) if (role === 'worker' && stage) stages.add(stage);
      for (const stage of stages) for (const pattern of patterns) keepCount(countOf(stage, pattern));
      return [...counts.values()];
    },
    apply(observation) {
      if (observation.kind === 'logs-read') {
        applyRead(observation.readings);
        return;
      }
      ({ patterns, cooldownMs } = observation);
    },
  };
}
