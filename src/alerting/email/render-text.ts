/** The plain text of a mail, complete on its own. */

import { MARKS, type MessageSection, type MessageView } from '../message-view.js';

export function renderText(view: MessageView): string {
  const { tone, title, lead, sections, links } = view;
  const blocks = [
    [`${MARKS[tone]} ${tone.toUpperCase()}  ${title}`, ...lead].join('\n'),
    ...sections.map(renderSection),
    ...(links.length > 0 ? [links.map((link) => `${link.title}: ${link.url}`).join('\n')] : []),
  ];
  return `${blocks.join('\n\n')}\n\n-- \nSent by stagewatch. What it is about, how often, and to whom: docs/alerting.md\n`;
}

function renderSection(section: MessageSection): string {
  return [section.title.toUpperCase(), ...renderLines(section)].join('\n');
}

function renderLines(section: MessageSection): readonly string[] {
  switch (section.kind) {
    case 'lines':
      return section.lines.map((line) => `  - ${line}`);
    case 'items':
      return [
        ...section.items.map(
          ({ mark, who, what, isNew }) => `  ${mark} ${who}${isNew ? ' (new)' : ''}\n    ${what}`,
        ),
        ...(section.more > 0 ? [`  … and ${section.more} more`] : []),
      ];
    case 'block':
      return section.lines.map((line) => (section.isCommands ? `  $ ${line}` : `  | ${line}`));
  }
}
