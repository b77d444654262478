/** Puts a card beside the tile it belongs to, inside the window; on a narrow screen the style sheet puts it at the foot. */

const GAP = 8;

export function placeCard(card: HTMLElement, tile: HTMLElement | null): void {
  const box = tile?.getBoundingClientRect();
  if (!box || getComputedStyle(card).position === 'fixed') {
    card.style.removeProperty('left');
    card.style.removeProperty('top');
    return;
  }
  const { offsetWidth: width, offsetHeight: height } = card;
  const left = Math.max(GAP, Math.min(box.left + box.width / 2 - width / 2, innerWidth - width - GAP));
  const isRoomBelow = box.bottom + GAP + height <= innerHeight;
  const top = isRoomBelow ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height);
  // Of the page, not of the window: it scrolls with its tile.
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${top + scrollY}px`;
}
