/** Builds HTML from templates in which every value is escaped, unless it was built here itself. */

import { escapeHtml } from '../../lib/escape-html.js';

export interface Html {
  readonly html: string;
}

type Value = string | number | Html | readonly Html[];

export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.reduce((built, part, index) => `${built}${render(values[index - 1])}${part}`) };
}

function render(value: Value | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return 'html' in value ? value.html : value.map((one) => one.html).join('');
}
