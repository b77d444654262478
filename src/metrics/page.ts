/**
 * Renders /metrics from one picture, in slices short enough that nothing else waits.
 *
 * The picture is taken at once by copying references; its entities never change, so the page is whole although other
 * work runs between slices. What an entity wrote is kept as text for as long as the entity lives: a scrape joins
 * strings and formats only what has changed since the last one.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fleet } from '../fleet/model.js';
import type { Clock } from '../lib/clock.js';
import { renderHeader, renderValue } from './exposition.js';
import type { AnyFamilyGroup } from './family.js';

export interface MetricsPage {
  /** The whole page as UTF-8; scrapes that come while one is being rendered share it. */
  render(): Promise<Buffer>;
}

export interface MetricsPageOptions {
  readonly fleet: Fleet;
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

export function createMetricsPage(options: MetricsPageOptions): MetricsPage {
  const { clock, groups, renderRest, onError } = options;
  const caches = groups.map(() => new WeakMap<object, readonly string[]>());
  let underWay: Promise<Buffer> | undefined;

  async function renderPage(): Promise<Buffer> {
    const pictures = groups.map((group) => takePicture(group, options));
    const rest = renderRest().catch((error: unknown) => {
      onError(error);
      return '';
    });
    const slicer = createSlicer(clock);
    const parts: Buffer[] = [];
    for (const [index, picture] of pictures.entries()) {
      await renderGroup(picture, { cache: caches[index] ?? new WeakMap(), slicer, parts, onError });
    }
    parts.push(Buffer.from(await rest));
    return Buffer.concat(parts);
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
  readonly isStale: boolean;
}

function takePicture(group: AnyFamilyGroup, { fleet, clock, staleAfterMs }: MetricsPageOptions): Picture {
  const lastSuccessAtMs = group.source && fleet.sources.get(group.source)?.lastSuccessAtMs;
  const isUp = group.source === undefined || fleet.sources.get(group.source)?.isUp !== false;
  const isStale = !isUp && (lastSuccessAtMs === undefined || clock.nowMs() - lastSuccessAtMs > staleAfterMs);
  return { group, entities: [...group.entities(fleet)], isStale };
}

interface RenderContext {
  readonly cache: WeakMap<object, readonly string[]>;
  readonly slicer: Slicer;
  readonly parts: Buffer[];
  readonly onError: (error: unknown) => void;
}

async function renderGroup({ group, entities, isStale }: Picture, context: RenderContext): Promise<void> {
  const { cache, slicer, parts, onError } = context;
  const blocks: (readonly string[])[] = [];
  for (const entity of entities) {
    let block = cache.get(entity);
    if (!block) {
      block = renderEntity(group, entity, onError);
      cache.set(entity, block);
    }
    blocks.push(block);
    if (slicer.isDue()) await nextTurn();
  }
  for (const [index, { name, type, help }] of group.families.entries()) {
    if (isStale && type === 'gauge') continue;
    let text = '';
    for (const block of blocks) text += block[index] ?? '';
    if (text !== '') parts.push(Buffer.from(renderHeader(name, type, help) + text));
    if (slicer.isDue(true)) await nextTurn();
  }
}

/** The text of one entity in each family of its group. */
function renderEntity(
  group: AnyFamilyGroup,
  entity: object,
  onError: (error: unknown) => void,
): readonly string[] {
  const labels = group.labelsOf(entity);
  return group.families.map(({ name, write }) => {
    let text = '';
    try {
      write(entity, (value, extra, suffix) => {
        const pairs =
          extra === undefined || extra === '' ? labels : labels === '' ? extra : `${labels},${extra}`;
        const series = `${name}${suffix ?? ''}`;
        text +=
          pairs === '' ? `${series} ${renderValue(value)}\n` : `${series}{${pairs}} ${renderValue(value)}\n`;
      });
    } catch (error) {
      // One broken family costs its own series only.
      onError(error);
      return '';
    }
    return text;
  });
}

interface Slicer {
  /** True when this slice has lasted long enough; asked often, it looks at the clock only now and then. */
  isDue(isCheckedNow?: boolean): boolean;
}

function createSlicer(clock: Clock): Slicer {
  let startedMs = clock.monotonicMs();
  let count = 0;
  return {
    isDue(isCheckedNow = false) {
      if (!isCheckedNow && ++count % CHECK_EVERY !== 0) return false;
      const nowMs = clock.monotonicMs();
      if (nowMs - startedMs < SLICE_MS) return false;
      startedMs = nowMs;
      return true;
    },
  };
}
