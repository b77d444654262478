/** Lays panels out on Grafana's grid of 24 columns: rows of panels of one height, from left to right. */

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';

export interface Placeable {
  id(id: number): unknown;
  gridPos(position: { h: number; w: number; x: number; y: number }): unknown;
  build(): Panel;
}

export interface GridRow {
  readonly height: number;
  /** Widths add up to 24. */
  readonly panels: readonly (readonly [width: number, panel: Placeable])[];
}

const COLUMNS = 24;

/** Panels of equal width. */
export function evenly(height: number, ...panels: readonly Placeable[]): GridRow {
  const width = COLUMNS / panels.length;
  if (!Number.isInteger(width)) throw new Error(`${panels.length} panels do not divide ${COLUMNS} columns`);
  return { height, panels: panels.map((panel) => [width, panel]) };
}

export function layOut(rows: readonly GridRow[]): Placeable[] {
  let y = 0;
  let id = 0;
  return rows.flatMap(({ height, panels }) => {
    let x = 0;
    for (const [w, panel] of panels) {
      panel.id(++id);
      panel.gridPos({ h: height, w, x, y });
      x += w;
    }
    if (x !== COLUMNS) throw new Error(`a row is ${x} columns wide`);
    y += height;
    return panels.map(([, panel]) => panel);
  });
}
