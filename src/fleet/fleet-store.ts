/** The one writer of the picture: every observation of every source goes through `apply`. */

import type { Classify } from './classify.js';
import { createContainerRegistry } from './container-registry.js';
import type { Fleet, SourceHealth, SourceName } from './model.js';
import type { Observation } from './observations.js';
import { createProgressRegistry } from './progress-registry.js';
import { applySourceReport } from './source-health.js';

export interface FleetStore {
  /** A live view: read it synchronously, or copy what must stay the same over an await. */
  readonly fleet: Fleet;
  apply(observation: Observation): void;
  /** The configuration has changed: who is what is judged anew. */
  reclassify(classify: Classify): void;
  /** A source that is watched no longer. */
  forgetSource(source: SourceName): void;
}

export function createFleetStore(classify: Classify): FleetStore {
  const sources = new Map<SourceName, SourceHealth>();
  const registry = createContainerRegistry(classify);
  const { containers, ignored } = registry;
  const progress = createProgressRegistry({
    classify,
    containers,
    ignored,
    areOutcomesExpected: () => (sources as ReadonlyMap<string, SourceHealth>).has('sentinels'),
  });
  const fleet: Fleet = {
    sources,
    containers,
    ignored,
    get workers() {
      return progress.workers;
    },
    get orchestrators() {
      return progress.orchestrators;
    },
    get stageWork() {
      return progress.stageWork;
    },
    get progressFileCounts() {
      return progress.progressFileCounts;
    },
    endedJobs: progress.endedJobs,
    progressGaps: progress.progressGaps,
    ignoredProgressFiles: progress.ignoredProgressFiles,
  };

  function apply(observation: Observation): void {
    switch (observation.kind) {
      case 'source-watched':
      case 'source-read':
      case 'source-failed':
        sources.set(observation.source, applySourceReport(sources.get(observation.source), observation));
        break;
      case 'containers-listed':
        registry.applyList(observation.containers, observation.askedAtMs, observation.atMs);
        break;
      case 'container-inspected':
        registry.applyInspect(observation.facts, observation.atMs);
        break;
      case 'container-event':
        registry.applyEvent(observation.event);
        break;
      case 'container-vanished':
        registry.applyVanished(observation.id);
        break;
      case 'progress-swept':
      case 'progress-message':
      case 'job-outcome':
        progress.apply(observation);
        return;
    }
    if (observation.kind.startsWith('container')) progress.containersChanged();
  }

  return {
    fleet,
    apply,
    reclassify(next) {
      registry.reclassify(next);
      progress.reclassify(next);
    },
    forgetSource(source) {
      sources.delete(source);
      if (source === 'progress') progress.forgetFiles();
    },
  };
}
