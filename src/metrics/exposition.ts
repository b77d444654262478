/** Writes the Prometheus text format 0.0.4: headers, label pairs and values. */

import { TERMINAL_CONTROLS } from '../lib/escape-controls.js';

export type MetricType = 'gauge' | 'counter' | 'histogram';

export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function renderHeader(name: string, type: MetricType, help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

/**
 * With halves of surrogate pairs, which JSON can hold and UTF-8 cannot: written as they are, all would be the same.
 * With controls and marks that turn the direction of writing, which would work in every terminal and page that shows them.
 */
const NEEDS_ESCAPE = new RegExp(`[\\\\"]|${TERMINAL_CONTROLS.source}`, 'u');
const ALL_ESCAPED = new RegExp(NEEDS_ESCAPE, 'gu');
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabelValue(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return value;
  return value.replaceAll(
    ALL_ESCAPED,
    (character) => ESCAPES[character] ?? `\\\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export type LabelValues = Readonly<Record<string, string | undefined>>;

/** `container="a",role="worker"`: empty and missing values are left out, as Prometheus treats them as absent. */
export function renderLabels(labels: LabelValues): string {
  let text = '';
  for (const name in labels) {
    const value = labels[name];
    if (value === undefined || value === '') continue;
    text += `${text === '' ? '' : ','}${name}="${escapeLabelValue(value)}"`;
  }
  return text;
}

export function renderValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
