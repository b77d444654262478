/** Decides whose card is open: of the tile under the pointer or with the focus, else of the worker that is selected. */

import type { PageContext } from './shown.js';

export interface CardFocus {
  /** The tile that is pointed at or has the focus; null: none. */
  readonly hovered: string | null;
}

/** Time to move the pointer from the tile onto its card. */
const LEAVE_MS = 180;

export function watchTiles(
  tiles: HTMLElement,
  card: HTMLElement,
  context: PageContext,
  onChange: () => void,
): CardFocus {
  let hovered: string | null = null;
  let timer = 0;

  function hover(container: string | null): void {
    clearTimeout(timer);
    if (container === hovered) return;
    hovered = container;
    onChange();
  }
  function leave(): void {
    clearTimeout(timer);
    timer = setTimeout(() => hover(null), LEAVE_MS);
  }
  const containerOf = (event: Event): string | undefined =>
    (event.target as Element).closest<HTMLElement>('.tile')?.dataset['container'];

  tiles.addEventListener('pointerover', (event) => {
    // A finger taps: that selects.
    if (event.pointerType === 'touch') return;
    const container = containerOf(event);
    if (container === undefined) leave();
    else hover(container);
  });
  tiles.addEventListener('pointerleave', leave);
  tiles.addEventListener('focusin', (event) => {
    if ((event.target as Element).matches(':focus-visible')) hover(containerOf(event) ?? null);
  });
  tiles.addEventListener('focusout', leave);
  card.addEventListener('pointerenter', () => clearTimeout(timer));
  card.addEventListener('pointerleave', leave);
  card.addEventListener('focusin', () => clearTimeout(timer));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
    hover(null);
    context.select({ worker: null, finding: null });
  });
  return {
    get hovered() {
      return hovered;
    },
  };
}
