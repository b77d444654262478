/** What is wrong, worst first, each with why we say so, what to type and what recovery did. */

import type { Problem } from '../picture/problems.js';
import { button, byId, el, setHidden, setText } from './dom.js';
import { createKeyedList } from './keyed-list.js';
import { createProblem } from './problem-item.js';
import { holdsProblem } from './scope.js';
import type { PageContext, Shown, View } from './shown.js';

/** More are a mouse click away: after so many the first ones are what matters. */
const SHOWN_AT_FIRST = 12;

export function createProblemsView(context: PageContext): View {
  const calm = el('p', 'calm');
  const list = el('ol', 'problems');
  let isAll = false;
  let last: Shown | undefined;
  let opened: string | null = null;
  const more = button('more', '', () => {
    isAll = true;
    if (last) update(last);
  });
  byId('problems').replaceChildren(calm, list, more);
  const items = createKeyedList({
    parent: list,
    keyOf: ({ problem }: { readonly problem: Problem; readonly shown: Shown }) => problem.id,
    create: () => createProblem(context),
  });

  function update(shown: Shown): void {
    last = shown;
    const { picture, scope, selection } = shown;
    const held = picture.problems.filter((problem) => holdsProblem(scope, problem));
    const visible = isAll ? held : held.slice(0, SHOWN_AT_FIRST);
    items.update(visible.map((problem) => ({ problem, shown })));
    const hidden = picture.problems.length - held.length;
    setHidden(list, visible.length === 0);
    setHidden(calm, visible.length > 0);
    setText(calm, sayCalm(shown, hidden));
    setHidden(more, visible.length === held.length);
    setText(more, `Show ${held.length - visible.length} more`);
    if (selection.finding !== opened) {
      opened = selection.finding;
      if (opened !== null) openSelected(opened, visible);
    }
  }

  /** Once, when it was selected: whoever closes it again is left alone. */
  function openSelected(id: string, visible: readonly Problem[]): void {
    const holder = visible.find((one) => one.id === id || one.consequences.some((under) => under.id === id));
    const view = holder && items.viewOf(holder.id);
    view?.open();
    view?.element.scrollIntoView({ block: 'nearest' });
  }

  return { update };
}

function sayCalm({ picture, feed }: Shown, hidden: number): string {
  if (hidden > 0) return `Nothing is wrong with what is selected; ${hidden} elsewhere.`;
  if (!picture.sentence.isWell) return 'Nothing is known to be wrong.';
  return feed === 'lost' ? 'Nothing was wrong when stagewatch was last heard.' : 'Nothing is wrong.';
}
