/**
 * Renders /metrics from one picture, in slices short enough that nothing else waits.
 *
 * The picture is taken at once by copying references; its entities never change, so the page is whole although other
 * work runs between slices. What an entity wrote is kept as text for as long as the entity lives: a scrape joins
 * strings and formats only what has changed since the last one.
 *
 * A page with one series twice is refused whole by Prometheus: of two entities that would write the same series the
 * first is shown, and what is left out is told.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fleet, SourceName } from '../fleet/model.js';
import type { Clock } from '../lib/clock.js';
import type { DaemonFacts } from './daemon-facts.js';
import { type EntityBlock, writeEntity } from './entity-block.js';
import { renderHeader } from './exposition.js';
import type { AnyFamilyGroup } from './family.js';
import { createPageBuffer, type PageBuffer } from './page-buffer.js';

export interface MetricsPage {
  /** The whole page as UTF-8; scrapes that come while one is being rendered share it. */
  render(): Promise<Buffer>;
}

export interface MetricsPageOptions {
  readonly fleet: Fleet;
  readonly daemon: () => DaemonFacts;
  readonly groups: readonly AnyFamilyGroup[];
  readonly clock: Clock;
  /** Gauges of a source whose last success is older than this are left out; counters stay. */
  readonly staleAfterMs: number;
  /** Metrics that are kept elsewhere, as text. Rejections go to `onError` and cost only this part. */
  readonly renderRest: () => Promise<string>;
  /** Called for every page, before the rest is rendered. */
  readonly onLeftOut?: (leftOut: LeftOut) => void;
  readonly onError: (error: unknown) => void;
}

/** Series that are not on the page, because it has others of the same name and labels. */
export interface LeftOut {
  readonly series: number;
  /** Labels of the first of them; absent when there is none. */
  readonly labels?: string;
}

const NOTHING: LeftOut = { series: 0 };

/** Between two slices timers and sockets get their turn. */
const SLICE_MS = 8;
const CHECK_EVERY = 64;
/** Room for what a page is longer than the one before. */
const GROWTH = 1.05;

export function createMetricsPage(options: MetricsPageOptions): MetricsPage {
  const { clock, groups, renderRest, onLeftOut, onError } = options;
  /** What each entity of the last page wrote, a group each; an entity that is gone is let go with the next page. */
  let written: readonly WrittenBlocks[] = [];
  let underWay: Promise<Buffer> | undefined;
  let expectedBytes = 0;

  async function renderPage(): Promise<Buffer> {
    const stale = staleSources(options);
    const pictures = groups.map((group) => takePicture(group, options, stale));
    const slicer = createSlicer(clock);
    const page = createPageBuffer(expectedBytes);
    const writtenNow: WrittenBlocks[] = [];
    let leftOut = NOTHING;
    for (const [index, picture] of pictures.entries()) {
      const blocks = await writeGroup(picture, { before: written[index], slicer, onError });
      writtenNow.push(blocks);
      leftOut = addLeftOut(leftOut, await renderGroup(picture, { blocks, slicer, page }));
    }
    written = writtenNow;
    onLeftOut?.(leftOut);
    page.append(await renderRest().catch(noRest));
    expectedBytes = Math.ceil(page.byteLength * GROWTH);
    return page.finish();
  }

  function noRest(error: unknown): string {
    onError(error);
    return '';
  }

  return {
    render() {
      underWay ??= renderPage().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}

interface Picture {
  readonly group: AnyFamilyGroup;
  readonly entities: readonly object[];
  /** Its gauges are too old to show. */
  isStale(entity: object): boolean;
}

function takePicture(
  group: AnyFamilyGroup,
  { fleet, daemon, onError }: MetricsPageOptions,
  stale: ReadonlySet<SourceName>,
): Picture {
  const isGroupStale = group.source !== undefined && stale.has(group.source);
  const isStale = (entity: object): boolean =>
    group.sourceOf ? stale.has(group.sourceOf(entity)) : isGroupStale;
  try {
    return { group, entities: [...group.entities(fleet, daemon())], isStale };
  } catch (error) {
    onError(error);
    return { group, entities: [], isStale };
  }
}

/** Sources whose last word is too old to show. Before the first one nothing is known, and 0 would be a lie. */
function staleSources({ fleet, clock, staleAfterMs }: MetricsPageOptions): ReadonlySet<SourceName> {
  const stale = new Set<SourceName>();
  for (const { source, isUp, lastSuccessAtMs } of fleet.sources.values()) {
    const isOld =
      lastSuccessAtMs === undefined || (isUp === false && clock.nowMs() - lastSuccessAtMs > staleAfterMs);
    if (isOld) stale.add(source);
  }
  return stale;
}

type WrittenBlocks = ReadonlyMap<object, EntityBlock>;

async function writeGroup(
  { group, entities }: Picture,
  {
    before,
    slicer,
    onError,
  }: { before: WrittenBlocks | undefined; slicer: Slicer; onError: (error: unknown) => void },
): Promise<WrittenBlocks> {
  const blocks = new Map<object, EntityBlock>();
  for (const entity of entities) {
    blocks.set(entity, before?.get(entity) ?? writeEntity(group, entity, onError));
    if (slicer.isDue()) await nextTurn();
  }
  return blocks;
}

async function renderGroup(
  { group, isStale }: Picture,
  { blocks, slicer, page }: { blocks: WrittenBlocks; slicer: Slicer; page: PageBuffer },
): Promise<LeftOut> {
  const { shown, leftOut } = chooseBlocks(blocks);
  for (const [index, { name, type, help }] of group.families.entries()) {
    const beforeHeader = page.byteLength;
    page.append(renderHeader(name, type, help));
    const withHeader = page.byteLength;
    for (const [entity, { texts }] of shown) {
      if (type !== 'gauge' || !isStale(entity)) page.append(texts[index] ?? '');
      if (slicer.isDue()) await nextTurn();
    }
    if (page.byteLength === withHeader) page.truncate(beforeHeader);
  }
  return leftOut;
}

/** One entity for each set of labels: facts of two under one name would be a third thing that is not there. */
function chooseBlocks(blocks: WrittenBlocks): { shown: WrittenBlocks; leftOut: LeftOut } {
  const taken = new Set<string>();
  let shown: Map<object, EntityBlock> | undefined;
  let leftOut = NOTHING;
  for (const [entity, { labels, seriesCount, repeatedCount }] of blocks) {
    let series = repeatedCount;
    if (taken.has(labels)) {
      // A copy only where one is needed: there hardly ever is.
      shown ??= new Map(blocks);
      shown.delete(entity);
      series += seriesCount;
    }
    taken.add(labels);
    if (series > 0) leftOut = addLeftOut(leftOut, { series, labels });
  }
  return { shown: shown ?? blocks, leftOut };
}

function addLeftOut(one: LeftOut, other: LeftOut): LeftOut {
  const labels = one.labels ?? other.labels;
  return { series: one.series + other.series, ...(labels !== undefined && { labels }) };
}

interface Slicer {
  /** True when this slice has lasted long enough; asked often, it looks at the clock only now and then. */
  isDue(): boolean;
}

function createSlicer(clock: Clock): Slicer {
  let startedMs = clock.monotonicMs();
  let count = 0;
  return {
    isDue() {
      if (++count % CHECK_EVERY !== 0) return false;
      const nowMs = clock.monotonicMs();
      if (nowMs - startedMs < SLICE_MS) return false;
      startedMs = nowMs;
      return true;
    },
  };
}
