/** One stage: what waits, whether it fills or drains, who works, how fast, and whether it holds the others up. */

import type { StageCard, StageQueue } from '../picture/flow-model.js';
import { formatCount, formatDuration, formatPerHour, formatTrend, trendArrow } from '../picture/format.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { button, el, setAttribute, setClass, setHidden, setText } from './dom.js';
import type { ItemView } from './keyed-list.js';
import { createShape, setShape } from './shapes.js';
import type { PageContext, Shown } from './shown.js';
import { createSparkline } from './sparkline.js';
import { createStrip } from './status-strip.js';

export interface StageCardItem {
  readonly card: StageCard;
  readonly shown: Shown;
}

export function createStageCard(context: PageContext): ItemView<StageCardItem> {
  let id = '';
  let isSelected = false;
  const trouble = createShape('warning');
  const code = el('span', 'stage-id');
  const name = el('span', 'stage-name');
  const title = button('stage-title', '', () => context.select({ stage: isSelected ? null : id }));
  title.append(code, name);
  const badge = el('span', 'badge', 'bottleneck');
  const ready = el('span', 'ready');
  const trend = el('span', 'trend');
  const drain = el('span', 'drain');
  const spark = createSparkline();
  const strip = createStrip();
  const facts = el('dl', 'facts');
  const fact = createFacts(facts);
  const why = el('p', 'why-slow');
  const queue = el('div', 'queue', el('div', 'depth', ready, trend, drain), spark.element);
  const element = el(
    'li',
    'stage',
    el('div', 'stage-head', title, trouble, badge),
    queue,
    strip.element,
    facts,
    why,
  );
  return {
    element,
    update({ card, shown }) {
      id = card.id;
      isSelected = shown.selection.stage === card.id;
      const isBottleneck = card.bottleneck !== null;
      setClass(
        element,
        `stage${card.isJoined ? ' is-joined' : ''}${isBottleneck ? ' is-bottleneck' : ''}${card.trouble ? ` has-${card.trouble}` : ''}${isSelected ? ' is-selected' : ''}`,
      );
      setText(code, card.id);
      setText(name, card.name ?? (card.isDiscovered ? 'discovered' : ''));
      setAttribute(title, 'aria-pressed', String(isSelected));
      setAttribute(
        title,
        'aria-label',
        `${card.label}${card.trouble ? `, ${card.trouble}` : ''}, filter by this stage`,
      );
      if (card.trouble) setShape(trouble, card.trouble);
      trouble.classList.toggle('is-hidden', card.trouble === null);
      setHidden(badge, !isBottleneck);
      setHidden(why, !isBottleneck);
      setText(why, card.bottleneck ?? '');
      updateDepth(card.queue, { ready, trend, drain });
      spark.update(shown.history?.times ?? [], card.queue?.readyHistory ?? [], isBottleneck);
      strip.update(card.workersByStatus);
      updateFacts(card, fact);
    },
  };
}

function updateDepth(
  queue: StageQueue | null,
  { ready, trend, drain }: Readonly<Record<'ready' | 'trend' | 'drain', HTMLElement>>,
): void {
  setText(ready, queue?.ready === null || queue === null ? '–' : formatCount(queue.ready));
  setAttribute(ready, 'title', queue ? `waiting in ${queue.name}` : 'no queue is known');
  if (!queue || queue.perMinute === null) {
    setText(trend, queue?.status && queue.status !== 'present' ? `queue ${queue.status}` : 'waiting');
    setText(drain, '');
    return;
  }
  const { perMinute, inPerMinute, outPerMinute, drainMs, isGrowing } = queue;
  setText(trend, `${trendArrow(perMinute)} ${formatTrend(perMinute)}`);
  const isRising = perMinute >= 0.05;
  setClass(trend, `trend${isRising ? ' is-rising' : ''}`);
  const flows = [rateOf('in', inPerMinute), rateOf('out', outPerMinute)].filter((text) => text !== '');
  setAttribute(trend, 'title', flows.join(', '));
  // A few that wait in a queue which is steady are no news.
  const isDraining = (queue.ready ?? 0) > 0 && drainMs !== null;
  setText(drain, isDraining ? `empty in ${formatDuration(drainMs)}` : isGrowing ? 'does not drain' : '');
}

function rateOf(word: string, perMinute: number | null): string {
  return perMinute === null
    ? ''
    : `${word} ${formatTrend(perMinute).replace(/^[+−]/, '').replace('steady', '0/min')}`;
}

type SetFact = (term: string, value: string, title: string | null) => void;

function createFacts(parent: HTMLElement): SetFact {
  const values = new Map<string, HTMLElement>();
  return (term, value, title) => {
    let element = values.get(term);
    if (!element) {
      element = el('dd');
      values.set(term, element);
      parent.append(el('div', '', el('dt', '', term), element));
    }
    setText(element, value);
    setAttribute(element, 'title', title);
  };
}

function updateFacts(card: StageCard, set: SetFact): void {
  const { limit } = card;
  const done = `${formatCount(card.completed ?? 0)} done, ${formatCount(card.failed ?? 0)} failed since the daemon's start`;
  set('jobs', card.jobsPerHour === null ? '–' : formatPerHour(card.jobsPerHour), done);
  set('p95', card.p95JobMs === null ? '–' : formatDuration(card.p95JobMs), '95 of 100 jobs take less');
  set(
    'limit',
    limit ? formatDuration(limit.stallMs) : '–',
    limit ? `without progress for longer: ${STATUS_LOOKS.stuck.word}; ${limit.origin}` : null,
  );
}
