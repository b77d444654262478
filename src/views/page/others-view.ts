/** The containers that are no part of the pipeline, a group each Compose project or Swarm stack. */

import { formatNumbered } from '../picture/format.js';
import { type OtherGroup, type OtherView, sayOther } from '../picture/others.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { button, byId, el, setClass, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { holdsOther } from './scope.js';
import { createShape, setShape } from './shapes.js';
import type { Scope, Shown, View } from './shown.js';

/** Of each group, beside those that are notable. */
const LISTED = 6;
const MOST_LISTED = 40;

export function createOthersView(): View {
  const section = byId('others-section');
  const summary = byId('others-summary');
  const list = el('ul', 'others');
  let last: Shown | undefined;
  const opened = new Set<string>();
  byId('others').replaceChildren(list);
  const groups = createKeyedList({
    parent: list,
    keyOf: ({ label }: OtherGroup) => label,
    create: ({ label }) =>
      createGroup(opened, label, () => {
        if (last) update(last);
      }),
  });

  function update(shown: Shown): void {
    last = shown;
    const { picture, scope } = shown;
    const { others } = picture;
    setHidden(section, others.count === 0);
    const more = others.leftOut > 0 ? `, ${formatNumbered(others.leftOut, 'container')} more not listed` : '';
    setText(summary, `${formatNumbered(others.count, 'container')} without a part in the pipeline${more}`);
    groups.update(others.groups.flatMap((group) => narrowGroup(group, scope) ?? []));
  }

  return { update };
}

function narrowGroup(group: OtherGroup, scope: Scope): OtherGroup | undefined {
  const containers = group.containers.filter(({ container }) => holdsOther(scope, container, group.label));
  return containers.length === 0 ? undefined : { ...group, containers };
}

function createGroup(opened: Set<string>, label: string, refresh: () => void): ItemView<OtherGroup> {
  const name = el('strong');
  const counts = el('span', 'other-counts');
  const members = el('ul', 'other-members');
  const more = button('link', '', () => {
    if (!opened.delete(label)) opened.add(label);
    refresh();
  });
  const items = createKeyedList({
    parent: members,
    keyOf: ({ container }: OtherView) => container,
    create: createOther,
  });
  return {
    element: el('li', 'other-group', name, counts, members, more),
    update(group) {
      setText(name, group.label);
      setText(
        counts,
        group.counts.map(({ status, count }) => `${count} ${STATUS_LOOKS[status].word}`).join(' · '),
      );
      const notable = group.containers.filter(({ isNotable }) => isNotable).length;
      const shown = Math.min(MOST_LISTED, Math.max(LISTED, notable));
      const isOpen = opened.has(label);
      items.update(isOpen ? group.containers : group.containers.slice(0, shown));
      setHidden(more, group.containers.length <= shown);
      setText(more, isOpen ? 'Show fewer' : `Show ${group.containers.length - shown} more`);
    },
  };
}

function createOther(): ItemView<OtherView> {
  const shape = createShape('unknown');
  const name = el('span', 'o-name');
  const words = el('span', 'o-status');
  const element = el('li', 'other', shape, name, words);
  return {
    element,
    update(other) {
      setShape(shape, other.status);
      setClass(element, `other is-${other.status}`);
      setText(name, other.container);
      setText(words, sayOther(other));
    },
  };
}
