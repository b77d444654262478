/** The one writer of the picture: every observation of every source goes through `apply`. */

import type { Classify } from './classify.js';
import { createContainerRegistry } from './container-registry.js';
import type { Fleet, SourceHealth, SourceName } from './model.js';
import type { Observation } from './observations.js';
import { createSentinelRegistry } from './sentinel-registry.js';
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
  const sentinels = createSentinelRegistry();
  const fleet: Fleet = {
    sources,
    containers: registry.containers,
    ignored: registry.ignored,
    sentinels: sentinels.sentinels,
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
      case 'sentinels-watched':
      case 'sentinels-counted':
      case 'sentinel-seen':
      case 'failure-present':
      case 'failure-gone':
        sentinels.apply(observation);
        break;
    }
  }

  function forgetSource(source: SourceName): void {
    sources.delete(source);
    if (source === 'sentinels') sentinels.forgetPresent();
  }

  return { fleet, apply, reclassify: registry.reclassify, forgetSource };
}
