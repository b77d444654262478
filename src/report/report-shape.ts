/** The shape of a report without its form: figures, then sections of lists, tables and charts. */

import type { Change } from './compare.js';
import type { Verdict } from './fail-if.js';
import type { SeriesPoint, TimeRange } from './run-facts.js';

export interface ReportDocument {
  readonly title: string;
  readonly range: TimeRange;
  readonly subtitle: string;
  readonly verdict: Verdict | null;
  readonly figures: readonly ShownFigure[];
  readonly sections: readonly Section[];
}

export interface ShownFigure {
  readonly title: string;
  readonly value: string;
  /** Beside the earlier run: `was 12, 25 % less`. */
  readonly change: string | null;
  readonly verdict: Change['verdict'];
}

export interface Section {
  readonly title: string;
  /** Said below the title. */
  readonly note?: string;
  readonly list?: readonly string[];
  readonly table?: Table;
  readonly chart?: Chart;
}

export interface Table {
  readonly columns: readonly { readonly title: string; readonly align: 'left' | 'right' }[];
  readonly rows: readonly (readonly string[])[];
}

export interface Chart {
  /** What it shows, for who cannot see it. */
  readonly description: string;
  readonly unit: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly SeriesPoint[] }[];
}
