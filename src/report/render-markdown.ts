/** Renders a report as Markdown, for an issue or a wiki. */

import type { ReportDocument, Section, Table } from './report-shape.js';

export function renderMarkdown(report: ReportDocument): string {
  const { title, subtitle, verdict, figures, sections } = report;
  const hasChange = figures.some(({ change }) => change !== null);
  const overview: Table = {
    columns: [
      { title: '', align: 'left' },
      { title: '', align: 'right' },
      ...(hasChange ? [{ title: 'before', align: 'left' as const }] : []),
    ],
    rows: figures.map(({ title: name, value, change }) => [
      name,
      value,
      ...(hasChange ? [change ?? ''] : []),
    ]),
  };
  return [
    `# ${escapeText(title)}`,
    escapeText(subtitle),
    ...(verdict
      ? [
          verdict.hasFailed
            ? `**Failed:** ${verdict.reasons.map(escapeText).join('; ')}`
            : '**Passed:** no condition of `--fail-if` holds.',
        ]
      : []),
    tableText(overview),
    ...sections.flatMap(sectionTexts),
  ].join('\n\n');
}

function sectionTexts({ title, note, list, table }: Section): readonly string[] {
  return [
    `## ${escapeText(title)}`,
    ...(note === undefined ? [] : [escapeText(note)]),
    ...(list ? [list.map((text) => `- ${escapeText(text)}`).join('\n')] : []),
    ...(table ? [tableText(table)] : []),
  ];
}

function tableText({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeText).join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    `|${columns.map(({ align }) => (align === 'right' ? '--:' : '---')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

/** Errors and names come from outside: nothing of them becomes a link, an image, HTML or another column. */
function escapeText(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|#!~]/g, (character) => `\\${character}`);
}
