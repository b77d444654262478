/** Every worker as a tile, grouped by stage or by GPU; where a tile is does not change while its worker lives. */

import type { WorkerView } from '../picture/people.js';
import { countStatusesOf } from '../picture/people.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { button, byId, el, setAttribute, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { holdsWorker } from './scope.js';
import type { PageContext, Shown, View } from './shown.js';
import { moveByArrow } from './tile-keys.js';
import { createTile, type TileItem } from './worker-tile.js';

interface Group {
  readonly key: string;
  readonly label: string;
  readonly workers: readonly WorkerView[];
  readonly shown: Shown;
}

export interface WorkersView extends View {
  tileOf(container: string): HTMLElement | undefined;
}

const NAMES = new Intl.Collator('en', { numeric: true });

export function createWorkersView(context: PageContext): WorkersView {
  const byStage = button('switch', 'by stage', () => context.select({ groupBy: 'stage' }));
  const byGpu = button('switch', 'by GPU', () => context.select({ groupBy: 'gpu' }));
  const summary = byId('workers-summary');
  const switches = el('div', 'switches', byStage, byGpu);
  switches.setAttribute('role', 'group');
  switches.setAttribute('aria-label', 'Group workers');
  const empty = el('p', 'calm');
  const parent = el('div', 'groups');
  byId('workers').replaceChildren(switches, empty, parent);
  const groups = createKeyedList({
    parent,
    keyOf: ({ key }: Group) => key,
    create: () => createGroup(context),
  });
  parent.addEventListener('keydown', (event) => moveByArrow(event, parent));
  return {
    update(shown) {
      const { picture, selection, scope } = shown;
      const held = picture.workers.filter((worker) => holdsWorker(scope, worker));
      setAttribute(byStage, 'aria-pressed', String(selection.groupBy === 'stage'));
      setAttribute(byGpu, 'aria-pressed', String(selection.groupBy === 'gpu'));
      setText(summary, sayCounts(held));
      setHidden(empty, held.length > 0);
      setText(
        empty,
        picture.workers.length === 0 ? 'No worker is known yet.' : 'No worker fits what is selected.',
      );
      groups.update(groupWorkers(held, shown));
      keepOneTabStop(parent);
    },
    tileOf: (container) =>
      parent.querySelector<HTMLElement>(`[data-container="${CSS.escape(container)}"]`) ?? undefined,
  };
}

function sayCounts(workers: readonly WorkerView[]): string {
  return countStatusesOf(workers)
    .map(({ status, count }) => `${count} ${STATUS_LOOKS[status].word}`)
    .join(' · ');
}

function groupWorkers(workers: readonly WorkerView[], shown: Shown): readonly Group[] {
  const groups = new Map<string, { label: string; workers: WorkerView[] }>();
  const isByGpu = shown.selection.groupBy === 'gpu';
  if (!isByGpu) {
    for (const { id, label } of shown.picture.flow.stages) groups.set(id, { label, workers: [] });
  }
  for (const worker of workers) {
    const key = (isByGpu ? worker.gpu : worker.stage) ?? '';
    const label = isByGpu ? `GPU ${worker.gpu ?? 'not known'}` : (worker.stageLabel ?? 'no stage known');
    const group = groups.get(key) ?? { label, workers: [] };
    group.workers.push(worker);
    groups.set(key, group);
  }
  const listed = [...groups].filter(([, { workers: members }]) => members.length > 0);
  if (isByGpu) listed.sort(([one], [other]) => NAMES.compare(one, other));
  return listed.map(([key, { label, workers: members }]) => ({
    key,
    label,
    shown,
    workers: members.toSorted((one, other) => NAMES.compare(one.container, other.container)),
  }));
}

function createGroup(context: PageContext): ItemView<Group> {
  const name = el('h3', 'group-name');
  const count = el('span', 'group-count');
  const grid = el('ul', 'tiles');
  const tiles = createKeyedList({
    parent: grid,
    keyOf: ({ worker }: TileItem) => worker.container,
    create: () => createTile(context),
  });
  return {
    element: el('div', 'group', el('div', 'group-head', name, count), grid),
    update({ label, workers, shown }) {
      setText(name, label);
      setText(count, String(workers.length));
      tiles.update(
        workers.map((worker) => ({ worker, isSelected: shown.scope.container === worker.container })),
      );
    },
  };
}

/** The grid is one stop on the way of the Tab key; arrows move within it. */
function keepOneTabStop(parent: HTMLElement): void {
  if (parent.querySelector('.tile[tabindex="0"]')) return;
  parent.querySelector('.tile')?.setAttribute('tabindex', '0');
}
