/** The dashboards use nothing that a Grafana from 9 to 13 lacks, and import as a file in each. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDashboards } from '../support/dashboards.js';

/** Core panels of every Grafana from 9 to 13. */
const PANELS = new Set(['stat', 'table', 'timeseries', 'bargauge', 'heatmap', 'state-timeline']);
/** Made for Angular, which 12 dropped: 13 shows an error in place of the panel. */
const DROPPED_PANELS = new Set([
  'graph',
  'singlestat',
  'table-old',
  'grafana-singlestat-panel',
  'piechart-panel',
]);
/** Options that only the Angular forms of panels with the same name had. */
const DROPPED_OPTIONS = [
  'styles',
  'columns',
  'cards',
  'seriesOverrides',
  'yaxes',
  'aliasColors',
  'valueMaps',
  'sparkline',
];
const TRANSFORMATIONS = new Set(['merge', 'sortBy', 'organize']);
/** Grafana 9 draws nothing in a panel whose colour mode it does not know. */
const COLOR_MODES = new Set(['fixed', 'thresholds', 'palette-classic']);
const MATCHERS = new Set(['byName', 'byFrameRefID']);
const DATASOURCE = '${datasource}';

interface Imported {
  readonly id?: number;
  readonly __inputs: readonly { readonly name: string }[];
  readonly __requires: readonly { readonly type: string; readonly id: string }[];
}

const dashboards = readDashboards();
const panels = dashboards.flatMap(({ file, panels: own }) => own.map((panel) => ({ file, panel })));

describe('dashboards in Grafana 9 to 13', () => {
  for (const { file, panel } of panels) {
    it(`${file}, ${panel.title}: only what they all know`, () => {
      assert.ok(!DROPPED_PANELS.has(panel.type), `${panel.type} is Angular`);
      assert.ok(PANELS.has(panel.type), `${panel.type} is in the list`);
      assert.deepEqual(
        DROPPED_OPTIONS.filter((option) => option in panel),
        [],
      );
      for (const { id } of panel.transformations ?? []) assert.ok(TRANSFORMATIONS.has(id), id);
      const mode = panel.fieldConfig.defaults.color?.mode ?? 'thresholds';
      assert.ok(COLOR_MODES.has(mode), mode);
      for (const { matcher } of panel.fieldConfig.overrides) assert.ok(MATCHERS.has(matcher.id), matcher.id);
    });

    it(`${file}, ${panel.title}: its data source is the variable, by uid`, () => {
      const sources = [panel.datasource, ...panel.targets.map(({ datasource }) => datasource)];
      for (const source of sources) assert.deepEqual(source, { type: 'prometheus', uid: DATASOURCE });
    });
  }

  for (const { file, text, panels: own } of dashboards) {
    const imported = JSON.parse(text) as Imported;

    it(`${file} is imported without a question that is left open`, () => {
      assert.equal(imported.id, undefined, 'an id would name another dashboard');
      const asked = new Set(imported.__inputs.map(({ name }) => name));
      const open = [...text.matchAll(/\$\{((?:DS|VAR)_[A-Z0-9_]+)\}/g)].filter(
        ([, name]) => !asked.has(name ?? ''),
      );
      assert.deepEqual(open, []);
    });

    it(`${file} says which panels and which data source it needs`, () => {
      const needs = imported.__requires.map(({ type, id }) => `${type} ${id}`);
      const types = [...new Set(own.map(({ type }) => `panel ${type}`))].toSorted();
      assert.deepEqual(needs, ['grafana grafana', 'datasource prometheus', ...types]);
    });
  }
});
