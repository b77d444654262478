/**
 * Renders /metrics from one picture, in slices short enough that nothing else waits.
 *
 * The picture is taken at once by copying references; its entities never change, so the page is whole although other
 * work runs between slices. What an entity wrote is kept as text for as long as the entity lives: a scrape joins
 * strings and formats only what has changed since the last one.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fleet, SourceName } from '../fleet/model.js';
import type { Clock } from '../lib/clock.js';
import type { DaemonFacts } from './daemon-facts.js';
import { renderHeader, renderValue } from './exposition.js';
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
  readonly onError: (error: unknown) => void;
}

/** Between two slices timers and sockets get their turn. */
const SLICE_MS = 8;
const CHECK_EVERY = 64;
/** Room for what a page is longer than the one before. */
const GROWTH = 1.05;

export function createMetricsPage(options: MetricsPageOptions): MetricsPage {
  const { clock, groups, renderRest, onError } = options;
  /** What each entity of the last page wrote, a group each; an entity that is gone is let go with the next page. */
  let written: readonly WrittenBlocks[] = [];
  let underWay: Promise<Buffer> | undefined;
  let expectedBytes = 0;

  async function renderPage(): Promise<Buffer> {
    const stale = staleSources(options);
    const pictures = groups.map((group) => takePicture(group, options, stale));
    const rest = renderRest().catch((error: unknown) => {
      onError(error);
      return '';
    });
    const slicer = createSlicer(clock);
    const page = createPageBuffer(expectedBytes);
    const writtenNow: WrittenBlocks[] = [];
    for (const [index, picture] of pictures.entries()) {
      writtenNow.push(await renderGroup(picture, { before: written[index], slicer, page, onError }));
    }
    written = writtenNow;
    page.append(await rest);
    expectedBytes = Math.ceil(page.byteLength * GROWTH);
    return page.finish();
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

/** Text of an entity in each family of its group. */
type WrittenBlocks = ReadonlyMap<object, readonly string[]>;

interface RenderContext {
  readonly before: WrittenBlocks | undefined;
  readonly slicer: Slicer;
  readonly page: PageBuffer;
  readonly onError: (error: unknown) => void;
}

async function renderGroup(
  { group, entities, isStale }: Picture,
  { before, slicer, page, onError }: RenderContext,
): Promise<WrittenBlocks> {
  const blocks = new Map<object, readonly string[]>();
  for (const entity of entities) {
    blocks.set(entity, before?.get(entity) ?? renderEntity(group, entity, onError));
    if (slicer.isDue()) await nextTurn();
  }
  for (const [index, { name, type, help }] of group.families.entries()) {
    const beforeHeader = page.byteLength;
    page.append(renderHeader(name, type, help));
    const withHeader = page.byteLength;
    for (const [entity, block] of blocks) {
      if (type !== 'gauge' || !isStale(entity)) page.append(block[index] ?? '');
      if (slicer.isDue()) await nextTurn();
    }
    if (page.byteLength === withHeader) page.truncate(beforeHeader);
  }
  return blocks;
}

/** The text of one entity in each family of its group. */
function renderEntity(
  group: AnyFamilyGroup,
  entity: object,
  onError: (error: unknown) => void,
): readonly string[] {
  return group.families.map(({ name, write }) => {
    let text = '';
    try {
      const labels = group.labelsOf(entity);
      write(entity, (value, extra = '', suffix) => {
        text +=
          renderSeries(suffix === undefined ? name : name + suffix, labels, extra) +
          renderValue(value) +
          NEWLINE;
      });
    } catch (error) {
      // One broken family costs its own series only.
      onError(error);
      return '';
    }
    return text;
  });
}

const NEWLINE = '\n';

/** `name{labels,extra} `, up to the value. */
function renderSeries(name: string, labels: string, extra: string): string {
  if (extra === '') return labels === '' ? `${name} ` : `${name}{${labels}} `;
  return labels === '' ? `${name}{${extra}} ` : `${name}{${labels},${extra}} `;
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
