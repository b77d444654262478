/** The card of one worker: what it does, since when and why, and what can be done; it opens on hover, focus or tap. */

import { formatCount, formatDuration, formatMemory } from '../picture/format.js';
import type { WorkerView } from '../picture/people.js';
import { logsCommands } from '../picture/problem-commands.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { placeCard } from './card-place.js';
import { createCommand } from './copy-button.js';
import { button, byId, el, setClass, setHidden, setProperty, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { createShape, setShape } from './shapes.js';
import type { PageContext, Shown } from './shown.js';

export interface WorkerCard {
  /** Null: none. */
  update(worker: WorkerView | null, shown: Shown, tile: HTMLElement | null, isPinned: boolean): void;
  readonly element: HTMLElement;
}

export function createWorkerCard(context: PageContext): WorkerCard {
  const element = byId('worker-card');
  const shape = createShape('unknown');
  const name = el('h3', '');
  const status = el('span', 'card-status');
  const close = button('close', '×', () => context.select({ worker: null, finding: null }));
  close.setAttribute('aria-label', 'Close');
  const reason = el('p', 'card-reason');
  const bar = el('div', 'job-bar');
  const progress = el('p', 'card-progress');
  const list = el('dl', 'card-facts');
  const command = el('div', 'commands');
  const recovery = el('p', 'card-recovery');
  const restart = button('act', 'Restart…', () => current && context.actions.restart(current.container));
  const stage = button('link', 'Show the stage', () => current && context.select({ stage: current.stage }));
  let current: WorkerView | null = null;
  let placedAt: HTMLElement | null = null;
  element.replaceChildren(
    el('div', 'card-head', shape, name, status, close),
    reason,
    bar,
    progress,
    list,
    recovery,
    command,
    el('div', 'links', stage, restart),
  );
  const facts = createKeyedList({ parent: list, keyOf: ([term]: Fact) => term, create: createFact });

  return {
    element,
    update(worker, shown, tile, isPinned) {
      setHidden(element, worker === null);
      if (worker === null) {
        placedAt = null;
        current = null;
        return;
      }
      if (current?.container !== worker.container) {
        const logs = logsCommands(worker.container);
        command.replaceChildren(...logs.map(({ text, purpose }) => createCommand(text, purpose)));
      }
      current = worker;
      setClass(element, `worker-card is-${worker.status}${isPinned ? ' is-pinned' : ''}`);
      setHidden(close, !isPinned);
      setShape(shape, worker.status);
      setText(name, worker.container);
      setText(
        status,
        `${STATUS_LOOKS[worker.status].word}${worker.forMs === null ? '' : ` for ${formatDuration(worker.forMs)}`}`,
      );
      setText(reason, worker.reason ?? '');
      setHidden(bar, worker.ratio === null);
      setProperty(bar, '--done', (worker.ratio ?? 0).toFixed(3));
      setText(progress, sayProgress(worker));
      facts.update(factsOf(worker));
      setHidden(recovery, worker.restarts === null);
      setText(recovery, worker.restarts ? `Recovery: ${worker.restarts.text}` : '');
      setHidden(restart, !(shown.hasToken && shown.page.recovery));
      setHidden(stage, worker.stage === null);
      if (tile !== placedAt) placeCard(element, tile);
      placedAt = tile;
    },
  };
}

function sayProgress({ done, total, unit, message }: WorkerView): string {
  const counted =
    done === null
      ? ''
      : `${formatCount(done)}${total === null ? '' : ` of ${formatCount(total)}`} ${plural(unit ?? 'step', total ?? done)}`;
  return [counted, message].filter((text) => text !== null && text !== '').join(' · ');
}

function plural(unit: string, count: number): string {
  return count === 1 || unit.endsWith('s') ? unit : `${unit}s`;
}

type Fact = readonly [term: string, value: string];

function factsOf(worker: WorkerView): readonly Fact[] {
  const { document, jobForMs, stageLabel, gpu, gpuMemory, restarts, id } = worker;
  const facts: readonly (readonly [string, string | null])[] = [
    ['document', document],
    ['job for', jobForMs === null ? null : formatDuration(jobForMs)],
    ['stage', stageLabel],
    ['messages held', worker.inHand === null ? null : formatCount(worker.inHand)],
    ['takes from', worker.queues.length === 0 ? null : worker.queues.join(', ')],
    [
      'GPU',
      gpu === null
        ? null
        : `${gpu}${gpuMemory ? `, ${formatMemory(gpuMemory.usedBytes, gpuMemory.totalBytes)}` : ''}`,
    ],
    [
      'restarts left',
      restarts?.budget == null
        ? null
        : `${Math.max(0, restarts.budget - (restarts.used ?? 0))} of ${restarts.budget}`,
    ],
    ['container id', id],
  ];
  return facts.flatMap(([term, value]) => (value === null ? [] : [[term, value] as const]));
}

function createFact([term]: Fact): ItemView<Fact> {
  const value = el('dd');
  return {
    element: el('div', '', el('dt', '', term), value),
    update: ([, text]) => setText(value, text),
  };
}
