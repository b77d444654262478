/** Renders a report as one HTML file that needs nothing else: no script, no fetch, charts as SVG, light and dark. */

import { createHash } from 'node:crypto';
import { escapeHtml } from '../lib/escape-html.js';
import type { ReportDocument, Section, ShownFigure, Table } from './report-shape.js';
import type { TimeRange } from './run-facts.js';
import { drawChart } from './svg-chart.js';

const STYLE = `
:root { color-scheme: light dark; --text: #1b2430; --soft: #5b6472; --back: #ffffff; --card: #f4f6f8; --rule: #d9dee5;
  --good: #00795c; --bad: #b83a00; --s0: #3b6fb6; --s1: #9a6200; --s2: #00795c; --s3: #8e4585; --s4: #b83a00; }
@media (prefers-color-scheme: dark) { :root { --text: #e5e7eb; --soft: #9aa3af; --back: #14181f; --card: #1d232d;
  --rule: #333b47; --good: #2fbf94; --bad: #ff7a45; --s0: #7fb0ee; --s1: #e6a532; --s2: #2fbf94; --s3: #d38fca; --s4: #ff7a45; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p { margin: .3rem 0 .8rem; color: var(--soft); }
.verdict { padding: .6rem .9rem; border-left: 4px solid; background: var(--card); color: inherit; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .6rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.figures li { background: var(--card); padding: .6rem .8rem; border-radius: 6px; }
.figures strong { display: block; font-size: 1.4rem; line-height: 1.3; } .figures span, .figures em { display: block; color: var(--soft); font-size: .85rem; font-style: normal; }
.figures .better { color: var(--good); } .figures .worse { color: var(--bad); }
.good { border-color: var(--good); } .bad { border-color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { font-weight: 600; color: var(--soft); white-space: nowrap; }
td, th { text-align: left; padding: .28rem .8rem .28rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:last-child { overflow-wrap: anywhere; min-width: 8rem; } .number { text-align: right; white-space: nowrap; }
svg { width: 100%; height: auto; display: block; } .axis { fill: var(--soft); font-size: 12px; } .grid { stroke: var(--rule); }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); } .s4 { stroke: var(--s4); }
@media (max-width: 640px) {
main { padding: 1rem .8rem 2rem; } .figures { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
thead { display: none; } table, tbody, tr, td { display: block; }
tr { padding: .45rem 0; border-bottom: 1px solid var(--rule); }
td, td.number { display: flex; gap: .8rem; padding: .1rem 0; border: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
td:empty { display: none; } td::before { content: attr(data-title); flex: 0 0 6.5rem; color: var(--soft); overflow-wrap: normal; }
td[data-title=""] { font-weight: 600; } td[data-title=""]::before { content: none; } }
@media print { main { padding: 0; } h2 { break-after: avoid; } }
`;

export function renderHtml(report: ReportDocument): string {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const { title, subtitle, figures, sections, range } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – ${escapeHtml(subtitle)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(subtitle)}</p>
${verdictHtml(report)}
<ul class="figures">${figures.map(figureHtml).join('')}</ul>
${sections.map((section) => sectionHtml(section, range)).join('\n')}
</main>
</body>
</html>
`;
}

function verdictHtml({ verdict }: ReportDocument): string {
  if (!verdict) return '';
  const text = verdict.hasFailed
    ? `✖ Failed: ${verdict.reasons.join('; ')}`
    : '✓ Passed: no condition of --fail-if holds.';
  return `<p class="verdict ${verdict.hasFailed ? 'bad' : 'good'}">${escapeHtml(text)}</p>`;
}

function figureHtml({ title, value, change, verdict }: ShownFigure): string {
  const told = change === null ? '' : `<em class="${verdict}">${escapeHtml(change)}</em>`;
  return `<li><strong>${escapeHtml(value)}</strong><span>${escapeHtml(title)}</span>${told}</li>`;
}

function sectionHtml({ title, note, list, table, chart }: Section, range: TimeRange): string {
  return [
    `<section><h2>${escapeHtml(title)}</h2>`,
    note === undefined ? '' : `<p>${escapeHtml(note)}</p>`,
    list ? `<ul>${list.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>` : '',
    chart ? drawChart(chart, range) : '',
    table ? tableHtml(table) : '',
    '</section>',
  ].join('');
}

function tableHtml({ columns, rows }: Table): string {
  const cell = (tag: 'td' | 'th', text: string, index: number): string => {
    const isNumber = columns[index]?.align === 'right';
    const title = tag === 'td' ? ` data-title="${escapeHtml(columns[index]?.title ?? '')}"` : '';
    return `<${tag}${isNumber ? ' class="number"' : ''}${title}>${escapeHtml(text)}</${tag}>`;
  };
  const head = columns.map(({ title }, index) => cell('th', title, index)).join('');
  const body = rows.map((row) => `<tr>${row.map((text, index) => cell('td', text, index)).join('')}</tr>`);
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
