/** The orchestrators, worst first: where in the DAG each is, since when, and whom it waits for. */

import { formatDuration, formatNumbered } from '../picture/format.js';
import type { OrchestratorView } from '../picture/people.js';
import { countStatusesOf } from '../picture/people.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { button, byId, el, setAttribute, setClass, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { holdsOrchestrator } from './scope.js';
import { createShape, setShape } from './shapes.js';
import type { PageContext, Shown, View } from './shown.js';

const SHOWN_AT_FIRST = 12;

export function createOrchestratorsView(context: PageContext): View {
  const section = byId('orchestrators-section');
  const summary = byId('orchestrators-summary');
  const list = el('ul', 'orchestrators');
  let isAll = false;
  let last: Shown | undefined;
  const more = button('more', '', () => {
    isAll = !isAll;
    if (last) update(last);
  });
  byId('orchestrators').replaceChildren(list, more);
  const items = createKeyedList({
    parent: list,
    keyOf: ({ container }: OrchestratorView) => container,
    create: () => createOrchestrator(context),
  });

  function update(shown: Shown): void {
    last = shown;
    const { picture, scope } = shown;
    setHidden(section, picture.orchestrators.length === 0);
    const held = picture.orchestrators.filter((one) => holdsOrchestrator(scope, one));
    const words = countStatusesOf(held).map(({ status, count }) => `${count} ${STATUS_LOOKS[status].word}`);
    setText(summary, words.join(' · ') || 'none fits what is selected');
    items.update(isAll ? held : held.slice(0, SHOWN_AT_FIRST));
    setHidden(more, held.length <= SHOWN_AT_FIRST);
    setText(more, isAll ? 'Show fewer' : `Show ${held.length - SHOWN_AT_FIRST} more`);
  }

  return { update };
}

function createOrchestrator(context: PageContext): ItemView<OrchestratorView> {
  const shape = createShape('unknown');
  const name = el('span', 'o-name');
  const status = el('span', 'o-status');
  const dots = el('span', 'dots');
  dots.setAttribute('role', 'img');
  const stage = el('span', 'o-stage');
  const waits = el('span', 'o-waits');
  const element = el('li', 'orchestrator', shape, name, status, dots, stage, waits);
  return {
    element,
    update(orchestrator) {
      setShape(shape, orchestrator.status);
      setClass(element, `orchestrator is-${orchestrator.status}`);
      setText(name, orchestrator.container);
      setAttribute(name, 'title', orchestrator.document);
      const since = orchestrator.forMs === null ? '' : ` ${formatDuration(orchestrator.forMs)}`;
      setText(status, `${STATUS_LOOKS[orchestrator.status].word}${since}`);
      updateDots(dots, orchestrator);
      setText(stage, orchestrator.stageLabel ?? '');
      updateWaits(waits, orchestrator, context);
    },
  };
}

function updateDots(element: HTMLElement, { dots }: OrchestratorView): void {
  const marks = dots.split('');
  const done = marks.filter((mark) => mark === '●').length;
  setAttribute(element, 'aria-label', `${done} of ${formatNumbered(marks.length, 'stage')} done`);
  if (element.childElementCount !== marks.length) element.replaceChildren(...marks.map(() => el('i')));
  for (const [index, mark] of marks.entries()) {
    const dot = element.children[index];
    if (dot) setClass(dot, mark === '●' ? 'is-done' : mark === '○' ? '' : 'is-here');
  }
}

function updateWaits(element: HTMLElement, { waitsFor }: OrchestratorView, context: PageContext): void {
  const [first] = waitsFor?.workers ?? [];
  const more = (waitsFor?.unwell ?? 0) - 1;
  const key = waitsFor ? `${waitsFor.stage} ${first?.container} ${first?.status} ${more}` : '';
  if (element.dataset['key'] === key) return;
  element.dataset['key'] = key;
  if (!waitsFor) {
    element.replaceChildren();
    return;
  }
  const others = more > 0 ? ` and ${more} more` : '';
  element.replaceChildren(
    `waits for ${waitsFor.stage}`,
    ...(first
      ? [
          ': ',
          button('link', `${first.container}`, () => context.select({ worker: first.container })),
          ` ${STATUS_LOOKS[first.status].word}${others}`,
        ]
      : []),
  );
}
