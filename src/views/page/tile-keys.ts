/** Moves the focus among tiles by arrow keys, Home and End, as in a grid. */

type Step = (tiles: readonly HTMLElement[], at: number) => HTMLElement | undefined;

const STEPS: Readonly<Record<string, Step>> = {
  ArrowRight: (tiles, at) => tiles[at + 1],
  ArrowLeft: (tiles, at) => tiles[at - 1],
  ArrowDown: (tiles, at) => nearest(tiles, at, 1),
  ArrowUp: (tiles, at) => nearest(tiles, at, -1),
  Home: (tiles) => tiles[0],
  End: (tiles) => tiles.at(-1),
};

export function moveByArrow(event: KeyboardEvent, parent: HTMLElement): void {
  const step = STEPS[event.key];
  const from = (event.target as Element).closest<HTMLElement>('.tile');
  if (!step || !from || event.altKey || event.ctrlKey || event.metaKey) return;
  const tiles = [...parent.querySelectorAll<HTMLElement>('.tile')];
  const to = step(tiles, tiles.indexOf(from));
  event.preventDefault();
  if (!to) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

/** The tile in the next row (or the one before) that is closest across. */
function nearest(tiles: readonly HTMLElement[], at: number, direction: 1 | -1): HTMLElement | undefined {
  const from = tiles[at]?.getBoundingClientRect();
  if (!from) return undefined;
  const beyond = tiles
    .map((tile) => ({ tile, box: tile.getBoundingClientRect() }))
    .filter(({ box }) => (box.top - from.top) * direction > from.height / 2);
  const rowTop = beyond
    .map(({ box }) => box.top)
    .reduce(
      (best, top) => (Math.abs(top - from.top) < Math.abs(best - from.top) ? top : best),
      Number.POSITIVE_INFINITY,
    );
  return beyond
    .filter(({ box }) => Math.abs(box.top - rowTop) < from.height / 2)
    .toSorted((one, other) => Math.abs(one.box.left - from.left) - Math.abs(other.box.left - from.left))[0]
    ?.tile;
}
