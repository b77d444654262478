/** The plain text of a mail, complete on its own. */

import { MARKS, type MessageSection, type MessageView } from '../message-view.js';

export function renderText(view: MessageView): string {
  const { tone, label, title, lead, sections, links, sender } = view;
  const blocks = [
    [`${MARKS[tone]} ${label.toUpperCase()}  ${title}`, ...lead].join('\n'),
    ...sections.map(renderSection),
    ...(links.length > 0 ? [links.map((link) => `${link.title}: ${link.url}`).join('\n')] : []),
  ];
  return `${blocks.join('\n\n')}\n\n-- \nSent by ${sender}.\n`;
}

function renderSection(section: MessageSection): string {
  const { title, about } = section;
  const head = about === undefined ? title.toUpperCase() : `${title.toUpperCase()}: ${about}`;
  return [head, ...renderLines(section)].join('\n');
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
    case 'commands':
      return section.commands.map(({ text, purpose }) => `  $ ${text}\n      ${purpose}`);
    case 'log':
      return section.lines.map((line) => `  | ${line}`);
  }
}
