/** The kinds of panels there are, each with the settings that all of its kind share. */

import { PanelBuilder as BarGaugePanel } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  HeatmapCellLayout,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type ThresholdsConfigBuilder,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapPanel,
  RowsHeatmapOptionsBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import type { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelinePanel } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TimeSeriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { describe, type PanelText } from './panel-text.js';
import { DATASOURCE } from './promql.js';
import { nothingMapping, plain } from './thresholds.js';

interface PanelOptions extends PanelText {
  readonly targets: readonly DataqueryBuilder[];
  readonly unit: string;
  readonly decimals?: number;
  readonly thresholds?: ThresholdsConfigBuilder;
}

/** Letters in order, so that overrides and transformations can name a query. */
export function lettered(targets: readonly DataqueryBuilder[]): DataqueryBuilder[] {
  return targets.map((target, index) => target.refId(String.fromCharCode(65 + index)));
}

export interface StatOptions extends PanelOptions {
  /** Said when there is no series at all. */
  readonly noValue?: string;
  readonly textMode?: BigValueTextMode;
  readonly mappings?: readonly ValueMapping[];
}

/** One number that says whether to read on. */
export function stat(options: StatOptions): StatPanel {
  const panel = new StatPanel()
    .title(options.title)
    .description(describe(options))
    .datasource(DATASOURCE)
    .targets(lettered(options.targets))
    .unit(options.unit)
    .thresholds(options.thresholds ?? plain())
    .mappings([nothingMapping(), ...(options.mappings ?? [])])
    .noValue(options.noValue ?? '–')
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(options.textMode ?? BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  return options.decimals === undefined ? panel : panel.decimals(options.decimals);
}

export interface TimeSeriesOptions extends PanelOptions {
  readonly min?: number;
  readonly max?: number;
  /** Draws the thresholds as dashed lines. */
  readonly drawsThresholds?: boolean;
  /** `area`: parts of a whole; `bars`: events. Both are stacked. */
  readonly style?: 'line' | 'area' | 'bars';
  readonly calcs?: readonly string[];
}

export function timeSeries(options: TimeSeriesOptions): TimeSeriesPanel {
  const { style = 'line', min = 0, max, decimals } = options;
  const panel = new TimeSeriesPanel()
    .title(options.title)
    .description(describe(options))
    .datasource(DATASOURCE)
    .targets(lettered(options.targets))
    .unit(options.unit)
    .axisSoftMin(min)
    .thresholds(options.thresholds ?? plain())
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .lineWidth(style === 'area' ? 0 : 2)
    .fillOpacity({ line: 0, area: 70, bars: 80 }[style])
    .drawStyle(style === 'bars' ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(style === 'line' ? StackingMode.None : StackingMode.Normal))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        options.drawsThresholds ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
      ),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(legend(options.calcs ?? []));
  if (max !== undefined) panel.axisSoftMax(max);
  return decimals === undefined ? panel : panel.decimals(decimals);
}

function legend(calcs: readonly string[]): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(calcs.length > 0 ? LegendDisplayMode.Table : LegendDisplayMode.List)
    .placement(calcs.length > 0 ? LegendPlacement.Right : LegendPlacement.Bottom)
    .calcs([...calcs]);
}

export interface StateTimelineOptions extends Omit<PanelOptions, 'unit'> {
  readonly mappings: readonly ValueMapping[];
  readonly showsValues?: boolean;
}

/** A row for each series, coloured by what its number means. */
export function stateTimeline(options: StateTimelineOptions): StateTimelinePanel {
  return new StateTimelinePanel()
    .title(options.title)
    .description(describe(options))
    .datasource(DATASOURCE)
    .targets(lettered(options.targets))
    .mappings([...options.mappings])
    .thresholds(options.thresholds ?? plain())
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .mergeValues(true)
    .showValue(options.showsValues ? VisibilityMode.Auto : VisibilityMode.Never)
    .rowHeight(0.85)
    .lineWidth(0)
    .fillOpacity(85)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single))
    .legend(legend([]));
}

/** Bars side by side, the greatest first where the query sorts. */
export function bars(options: PanelOptions & { readonly max?: number }): BarGaugePanel {
  const panel = new BarGaugePanel()
    .title(options.title)
    .description(describe(options))
    .datasource(DATASOURCE)
    .targets(lettered(options.targets))
    .unit(options.unit)
    .min(0)
    .thresholds(options.thresholds ?? plain())
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  if (options.max !== undefined) panel.max(options.max);
  return options.decimals === undefined ? panel : panel.decimals(options.decimals);
}

/** How often each bucket was hit at each time, of series with cumulative buckets. */
export function heatmap(options: Omit<PanelOptions, 'thresholds'>): HeatmapPanel {
  return new HeatmapPanel()
    .title(options.title)
    .description(describe(options))
    .datasource(DATASOURCE)
    .targets(lettered(options.targets))
    .calculate(false)
    .rowsFrame(new RowsHeatmapOptionsBuilder().layout(HeatmapCellLayout.Auto))
    .yAxis(new YAxisConfigBuilder().unit(options.unit))
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Viridis').steps(64))
    .cellGap(1)
    .filterValues({ build: () => ({ le: 1e-9 }) })
    .hideLegend();
}
