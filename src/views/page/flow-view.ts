/** The stages in DAG order, a row a branch, as cards joined by lines. */

import type { FlowRow, StageCard } from '../picture/flow-model.js';
import { byId, el, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import type { PageContext, Shown, View } from './shown.js';
import { createStageCard, type StageCardItem } from './stage-card.js';

interface RowItem {
  readonly row: FlowRow;
  readonly shown: Shown;
}

export function createFlowView(context: PageContext): View {
  const empty = el('p', 'calm', 'No stage is known yet.');
  const parent = el('div', 'flow');
  byId('flow').replaceChildren(empty, parent);
  const rows = createKeyedList({
    parent,
    keyOf: ({ row }: RowItem) => row.branch ?? '',
    create: () => createRow(context),
  });
  return {
    update(shown) {
      setHidden(empty, shown.picture.flow.rows.length > 0);
      rows.update(shown.picture.flow.rows.map((row) => ({ row, shown })));
    },
  };
}

function createRow(context: PageContext): ItemView<RowItem> {
  const name = el('h3', 'branch-name');
  const parent = el('ol', 'stages');
  const cards = createKeyedList({
    parent,
    keyOf: ({ card }: StageCardItem) => card.id,
    create: () => createStageCard(context),
  });
  return {
    element: el('div', 'branch', name, parent),
    update({ row, shown }) {
      setText(name, row.branch === null ? 'No branch' : `Branch ${row.branch}`);
      cards.update(row.stages.map((card: StageCard) => ({ card, shown })));
    },
  };
}
