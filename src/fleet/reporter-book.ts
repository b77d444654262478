/**
 * Keeps workers and orchestrators in step with their reports and containers.
 *
 * Only what a change touches is worked out anew: with thousands of workers all of it, at each event, would hold up
 * everything else.
 */

import { isSameData } from '../lib/same-data.js';
import type { Classify } from './classify.js';
import type { BrokerHold } from './hold-model.js';
import type { Container, IgnoredContainer } from './model.js';
import {
  describeOrchestrator,
  describeWorker,
  type JoinContext,
  type Place,
  placeContainer,
  placeReport,
} from './progress-join.js';
import type { Orchestrator, Worker } from './progress-model.js';
import type { Tracker } from './progress-tracker.js';
import { createReporterIndex } from './reporter-index.js';
import { createToldMemory, type ToldMemory } from './told-memory.js';

export interface ReporterBookOptions {
  readonly classify: Classify;
  readonly containers: ReadonlyMap<string, Container>;
  readonly ignored: ReadonlyMap<string, IgnoredContainer>;
  readonly toldStages: ToldMemory;
  /** By identity of the container. */
  readonly holds: ReadonlyMap<string, BrokerHold>;
  /** A worker told its stage for the first time, or another one. */
  readonly onStageTold: (identity: string) => void;
}

export interface ReporterBook {
  readonly trackers: ReadonlyMap<string, Tracker>;
  /** Up to date after `refresh`; whoever has not changed stays the same object. */
  readonly workers: ReadonlyMap<string, Worker>;
  readonly orchestrators: ReadonlyMap<string, Orchestrator>;
  put(key: string, tracker: Tracker): void;
  remove(key: string): void;
  /** Undefined: infrastructure, or ignored by label. */
  placeOf(key: string): Place | undefined;
  /** Where it last had a container: a job that ends with its container is counted there. */
  lastPlaceOf(key: string): Place | undefined;
  /** It has reported progress itself: what the broker says of it counts less. */
  hasReported(identity: string): boolean;
  /** What the broker says that these hold has changed. */
  holdsChanged(identities: Iterable<string>): void;
  /** Keys of the trackers whose report bears the name. */
  keysNamed(name: string): Iterable<string>;
  containersChanged(): void;
  reclassify(classify: Classify): void;
  /** True if anything was looked at anew. */
  refresh(): boolean;
}

export function createReporterBook(options: ReporterBookOptions): ReporterBook {
  const { containers, ignored, toldStages, holds } = options;
  let { classify } = options;
  const toldQueues = createToldMemory();
  const trackers = new Map<string, Tracker>();
  const places = new Map<string, Place>();
  const lastPlaces = new Map<string, Place>();
  const keysByName = new Map<string, Set<string>>();
  /** By the key of the place. */
  const keysByPlace = new Map<string, Set<string>>();
  /** Keys of places that have to be looked at. */
  const touched = new Set<string>();
  const workers = new Map<string, Worker>();
  const orchestrators = new Map<string, Orchestrator>();
  /** Keys of places of which a report was there. */
  const reported = new Set<string>();
  const seen = new Map<string, Container>();
  let seenIgnored = '';
  let index = createReporterIndex([], []);
  let areContainersOld = true;

  function context(): JoinContext {
    return {
      find: (name) => {
        const found = index.find(name);
        return found && (containers.get(found.identity) ?? found);
      },
      isIgnored: index.isIgnored,
      classify,
      toldStages,
      toldQueues,
    };
  }

  function locate(key: string, { report }: Tracker): void {
    let place = placeReport(report, context());
    if (place?.role === 'worker' && report.queue !== undefined && toldQueues.tell(place.key, report.queue)) {
      place = placeReport(report, context());
    }
    if (place?.role === 'worker' && report.stage !== undefined && toldStages.tell(place.key, report.stage)) {
      place = placeReport(report, context());
      if (place) stageTold(place, key);
    }
    setPlace(key, place);
  }

  /** The worker's container bears the new stage too, and so do other reports of it. */
  function stageTold({ key: placeKey, identity }: Place, teller: string): void {
    if (identity !== undefined) options.onStageTold(identity);
    for (const key of keysByPlace.get(placeKey) ?? []) {
      const report = trackers.get(key)?.report;
      if (key !== teller && report) setPlace(key, placeReport(report, context()));
    }
  }

  function setPlace(key: string, place: Place | undefined): void {
    const before = places.get(key);
    if (before && place && isSameData(before, place)) return;
    if (before) touched.add(before.key);
    if (before && before.key !== place?.key) dropFrom(keysByPlace, before.key, key);
    if (!place) {
      places.delete(key);
      return;
    }
    places.set(key, place);
    if (place.identity !== undefined) lastPlaces.set(key, place);
    addTo(keysByPlace, place.key, key);
    reported.add(place.key);
    touched.add(place.key);
  }

  function put(key: string, tracker: Tracker): void {
    followContainers();
    const before = trackers.get(key);
    const { name, role, stage, queue } = tracker.report;
    trackers.set(key, tracker);
    const place = places.get(key);
    const old = before?.report;
    const isAsBefore = old?.name === name && old.role === role && old.stage === stage && old.queue === queue;
    if (place && isAsBefore) {
      touched.add(place.key);
      return;
    }
    if (before && before.report.name !== name) dropFrom(keysByName, before.report.name, key);
    addTo(keysByName, name, key);
    locate(key, tracker);
    const placeNow = places.get(key);
    if (placeNow) touched.add(placeNow.key);
  }

  function remove(key: string): void {
    const tracker = trackers.get(key);
    if (!tracker) return;
    setPlace(key, undefined);
    dropFrom(keysByName, tracker.report.name, key);
    lastPlaces.delete(key);
    trackers.delete(key);
  }

  /** Looks at the containers that are new, changed or gone; the index is made anew only if names or ids are concerned. */
  function followContainers(): void {
    if (!areContainersOld) return;
    areContainersOld = false;
    const changed = [...containers.values()].filter(
      (container) => seen.get(container.identity) !== container,
    );
    const isRenamed = changed.some((container) => {
      const before = seen.get(container.identity);
      if (isUnnamed(container) && (!before || isUnnamed(before))) return false;
      return before?.name !== container.name || before.id !== container.id || before.role !== container.role;
    });
    for (const container of changed) {
      seen.set(container.identity, container);
      touched.add(container.identity);
    }
    const isAnyGone = forgetGone();
    if (haveIgnoredChanged() || isRenamed || isAnyGone) locateAll();
    else for (const { identity } of changed) locateAt(identity);
  }

  function forgetGone(): boolean {
    if (seen.size === containers.size) return false;
    let isAny = false;
    for (const [identity, before] of seen) {
      if (containers.has(identity)) continue;
      seen.delete(identity);
      reported.delete(identity);
      touched.add(identity);
      isAny ||= !isUnnamed(before);
    }
    return isAny;
  }

  function haveIgnoredChanged(): boolean {
    const names = [...ignored.values()].flatMap(({ isByLabel, name }) => (isByLabel ? name : [])).join('\n');
    const before = seenIgnored;
    seenIgnored = names;
    return names !== before;
  }

  function locateAll(): void {
    index = createReporterIndex(containers.values(), ignored.values());
    for (const [key, tracker] of trackers) locate(key, tracker);
  }

  function locateAt(placeKey: string): void {
    for (const key of [...(keysByPlace.get(placeKey) ?? [])]) {
      const tracker = trackers.get(key);
      if (tracker) locate(key, tracker);
    }
  }

  /** Of a dead worker's file that still lies beside its successor's, the newer counts. */
  function newestAt(placeKey: string): readonly [key: string, tracker: Tracker] | undefined {
    let newest: readonly [string, Tracker] | undefined;
    for (const key of keysByPlace.get(placeKey) ?? []) {
      const tracker = trackers.get(key);
      if (tracker && (!newest || tracker.heardAtMs > newest[1].heardAtMs)) newest = [key, tracker];
    }
    return newest;
  }

  function show(placeKey: string): void {
    const container = containers.get(placeKey);
    const newest = newestAt(placeKey);
    const place = newest
      ? places.get(newest[0])
      : container && placeContainer(container, { toldStages, toldQueues });
    const hold = reported.has(placeKey) ? undefined : holds.get(placeKey);
    const worker = place?.role === 'worker' ? describeWorker(place, newest?.[1], hold) : undefined;
    const orchestrator =
      place?.role === 'orchestrator' ? describeOrchestrator(place, newest?.[1]) : undefined;
    replace(workers, placeKey, worker);
    replace(orchestrators, placeKey, orchestrator);
  }

  return {
    trackers,
    workers,
    orchestrators,
    put,
    remove,
    placeOf(key) {
      followContainers();
      return places.get(key);
    },
    lastPlaceOf: (key) => lastPlaces.get(key),
    hasReported: (identity) => reported.has(identity),
    holdsChanged(identities) {
      for (const identity of identities) if (containers.has(identity)) touched.add(identity);
    },
    keysNamed: (name) => keysByName.get(name) ?? [],
    containersChanged() {
      areContainersOld = true;
    },
    reclassify(next) {
      classify = next;
      followContainers();
      locateAll();
    },
    refresh() {
      followContainers();
      const isAny = touched.size > 0;
      for (const key of touched) show(key);
      touched.clear();
      return isAny;
    },
  };
}

/** No report finds it by its name: hundreds of others may come and go, and no report is located again for them. */
function isUnnamed({ role, isOtherByLabel }: Container): boolean {
  return role === 'other' && !isOtherByLabel;
}

function replace<T extends object>(map: Map<string, T>, key: string, next: T | undefined): void {
  if (next === undefined) map.delete(key);
  else if (!isSameData(map.get(key), next)) map.set(key, next);
}

function addTo(sets: Map<string, Set<string>>, key: string, entry: string): void {
  const set = sets.get(key);
  if (set) set.add(entry);
  else sets.set(key, new Set([entry]));
}

function dropFrom(sets: Map<string, Set<string>>, key: string, entry: string): void {
  const set = sets.get(key);
  set?.delete(entry);
  if (set?.size === 0) sets.delete(key);
}
