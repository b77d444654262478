/** What a panel says of itself: what it shows, what good looks like, and what to do when it does not. */

export interface PanelText {
  readonly title: string;
  readonly shows: string;
  readonly good: string;
  readonly otherwise: string;
}

export function describe({ shows, good, otherwise }: PanelText): string {
  return `${shows}\n\n**Good:** ${good}\n\n**If not:** ${otherwise}`;
}
