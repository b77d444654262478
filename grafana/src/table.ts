/** Tables of what is so now: a row for each combination of labels, with the values of several queries side by side. */

import {
  TableCellDisplayMode,
  type TableColoredBackgroundCellOptions,
  type TableColorTextCellOptions,
} from '@grafana/grafana-foundation-sdk/common';
import type {
  DynamicConfigValue,
  ThresholdsConfigBuilder,
  ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { COUNT } from './look.js';
import { describe, type PanelText } from './panel-text.js';
import { lettered } from './panels.js';
import { DATASOURCE, rows } from './promql.js';
import { nothingMapping, plain } from './thresholds.js';

export interface Column {
  /** A label of the rows, or a query whose value stands in the column. */
  readonly of: { readonly label: string } | { readonly expr: string };
  readonly title: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly width?: number;
  readonly mappings?: readonly ValueMapping[];
  /** Text in the colours of these, or of the mappings. */
  readonly thresholds?: ThresholdsConfigBuilder;
  readonly link?: { readonly title: string; readonly url: string };
  /** Sorts the rows, worst first, and is not shown. */
  readonly isHidden?: boolean;
}

export interface TableOptions extends PanelText {
  readonly columns: readonly Column[];
  /** Title of the column whose greatest value comes first. */
  readonly sortedBy: string;
  readonly noValue: string;
}

/** So that a dozen columns fit on a laptop. */
const MIN_COLUMN_WIDTH = 60;

export function table(options: TableOptions): TablePanel {
  const { columns, sortedBy } = options;
  const queries = columns.flatMap((column) => ('expr' in column.of ? [column.of.expr] : []));
  const fields = columns.map((column) => ({ column, field: fieldOf(column, queries) }));
  const sortField = fields.find(({ column }) => column.title === sortedBy)?.field;
  if (sortField === undefined) throw new Error(`${options.title} has no column ${sortedBy}`);
  const panel = new TablePanel()
    .title(options.title)
    .description(describe(options))
    .datasource(DATASOURCE)
    .targets(lettered(queries.map(rows)))
    .unit(COUNT)
    .thresholds(plain())
    .noValue(options.noValue)
    .filterable(true)
    .minWidth(MIN_COLUMN_WIDTH)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'sortBy', options: { fields: {}, sort: [{ field: sortField, desc: true }] } })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(
          ['Time', ...fields.filter(({ column }) => column.isHidden).map(({ field }) => field)].map(
            (name) => [name, true],
          ),
        ),
        indexByName: Object.fromEntries(fields.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(fields.map(({ field, column }) => [field, column.title])),
      },
    });
  for (const { column } of fields.filter((one) => !one.column.isHidden)) {
    panel.overrideByName(column.title, propertiesOf(column));
  }
  return panel;
}

/** As Grafana names the value of a query when there are several. */
function fieldOf({ of }: Column, queries: readonly string[]): string {
  if ('label' in of) return of.label;
  return queries.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + queries.indexOf(of.expr))}`;
}

function propertiesOf(column: Column): DynamicConfigValue[] {
  const { unit, decimals, width, mappings = [], thresholds, link } = column;
  const isColored = thresholds !== undefined || mappings.length > 0;
  const cell: TableColorTextCellOptions | TableColoredBackgroundCellOptions = {
    type: TableCellDisplayMode.ColorText,
  };
  return [
    { id: 'noValue', value: '–' },
    { id: 'mappings', value: [...mappings, nothingMapping()] },
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(thresholds === undefined ? [] : [{ id: 'thresholds', value: thresholds.build() }]),
    ...(mappings.length > 0 ? [{ id: 'custom.align', value: 'left' }] : []),
    ...(isColored ? [{ id: 'custom.cellOptions', value: cell }] : []),
    ...(link === undefined ? [] : [{ id: 'links', value: [{ ...link, targetBlank: false }] }]),
  ];
}
