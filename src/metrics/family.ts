/** What a metric family is: its name and sentence, and how one entity of the fleet becomes its series. */

import type { Fleet, SourceName } from '../fleet/model.js';
import type { DaemonFacts } from './daemon-facts.js';
import type { MetricType } from './exposition.js';

/**
 * Adds one series; `extra` is rendered labels beside the entity's own, without a leading comma.
 * `suffix` continues the family's name, as a histogram's series need.
 */
export type WriteSeries = (value: number, extra?: string, suffix?: '_bucket' | '_sum' | '_count') => void;

export interface Family<E> {
  readonly name: string;
  readonly type: MetricType;
  /** One sentence for HELP and docs, with the unit. */
  readonly help: string;
  /** Every label a series can have, for docs and tests. */
  readonly labels: readonly string[];
  /** Pure: the same entity always gives the same series, so what it wrote is kept while the entity lives. */
  write(entity: E, series: WriteSeries): void;
}

/** Families over one kind of entity. */
export interface FamilyGroup<E extends object> {
  /** Gauges of this source are left out while what it said is too old to show. */
  readonly source?: SourceName;
  /** Where entities of one group come from several sources: the one that told of this entity. */
  sourceOf?(entity: E): SourceName;
  /** Entities are immutable: a change is a new object. */
  entities(fleet: Fleet, daemon: DaemonFacts): Iterable<E>;
  /** Labels that every series of the entity carries, rendered. */
  labelsOf(entity: E): string;
  readonly families: readonly Family<E>[];
}

/** A group whose kind of entity does not matter to the page, which hands a group's own entities back to it only. */
export type AnyFamilyGroup = FamilyGroup<object>;
