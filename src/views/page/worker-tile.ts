/** One worker as a tile: colour and shape are its status, the bar at its foot how far its job is. */

import { formatDuration } from '../picture/format.js';
import type { WorkerView } from '../picture/people.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { button, el, setAttribute, setClass, setProperty } from './dom.js';
import type { ItemView } from './keyed-list.js';
import { createShape, setShape } from './shapes.js';
import type { PageContext } from './shown.js';

export interface TileItem {
  readonly worker: WorkerView;
  readonly isSelected: boolean;
}

export function createTile(context: PageContext): ItemView<TileItem> {
  const shape = createShape('unknown');
  const tile = button('tile', '', () => {
    context.select({ worker: isSelected ? null : (tile.dataset['container'] ?? null), finding: null });
  });
  tile.append(shape);
  tile.tabIndex = -1;
  let isSelected = false;
  return {
    element: el('li', '', tile),
    update(item) {
      const { worker } = item;
      isSelected = item.isSelected;
      setShape(shape, worker.status);
      setClass(tile, `tile is-${worker.status}${isSelected ? ' is-selected' : ''}`);
      setAttribute(tile, 'data-container', worker.container);
      setAttribute(tile, 'aria-label', nameOf(worker));
      setAttribute(tile, 'aria-pressed', String(isSelected));
      setProperty(tile, '--done', (worker.ratio ?? 0).toFixed(3));
    },
  };
}

/** Minutes are enough: a name that changes each second is read again and again. */
function nameOf({ container, status, forMs, stageLabel, document }: WorkerView): string {
  const minutes = forMs === null ? 0 : Math.floor(forMs / 60_000);
  const since = minutes > 0 ? ` for ${formatDuration(minutes * 60_000)}` : '';
  return [`${container}: ${STATUS_LOOKS[status].word}${since}`, stageLabel, document]
    .filter((text) => text !== null)
    .join(', ');
}
