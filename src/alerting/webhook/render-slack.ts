/** A message in the blocks of Slack's incoming webhooks, within their limits. */

import { MARKS, type MessageSection, type MessageView } from '../message-view.js';

/** https://docs.slack.dev/reference/block-kit/blocks: 150 characters in a header, 3000 in a section, 50 blocks. */
const MAX_HEADER = 150;
const MAX_SECTION = 2900;
const MAX_BLOCKS = 45;

export function renderSlack(view: MessageView) {
  const { tone, subject, title, lead, sections, links } = view;
  const blocks = [
    {
      type: 'header',
      text: { type: 'plain_text', text: cut(`${MARKS[tone]} ${title}`, MAX_HEADER), emoji: false },
    },
    section(lead.map(escapeSlack).join('\n')),
    ...sections.map((one) => section(renderSection(one))),
    ...(links.length > 0
      ? [
          section(
            links.map(({ title: name, url }) => `<${escapeSlack(url)}|${escapeSlack(name)}>`).join('  '),
          ),
        ]
      : []),
  ];
  return { text: escapeSlack(subject), blocks: blocks.slice(0, MAX_BLOCKS) };
}

function section(text: string) {
  return { type: 'section', text: { type: 'mrkdwn', text: text === '' ? ' ' : text } };
}

function renderSection(one: MessageSection): string {
  const about = one.about === undefined ? '' : ` ${escapeSlack(one.about)}`;
  const head = `*${escapeSlack(one.title)}*${about}\n`;
  if (one.kind === 'commands' || one.kind === 'log') {
    const lines = one.kind === 'log' ? one.lines : one.commands.map(({ text }) => text);
    const room = MAX_SECTION - head.length;
    return `${head}\`\`\`\n${cut(lines.map(escapeSlack).join('\n'), room)}\n\`\`\``;
  }
  const lines =
    one.kind === 'lines'
      ? one.lines.map((line) => `• ${escapeSlack(line)}`)
      : [
          ...one.items.map(
            ({ mark, who, what, isNew }) =>
              `${mark} *${escapeSlack(who)}*${isNew ? ' (new)' : ''} ${escapeSlack(what)}`,
          ),
          ...(one.more > 0 ? [`… and ${one.more} more`] : []),
        ];
  return cut(`${head}${lines.join('\n')}`, MAX_SECTION);
}

/** After it nothing can be a link, call the channel (`<!channel>`), or open and close a fence of ours. */
function escapeSlack(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('```', "'''");
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a character or of an entity would stand as it is.
  const kept = text
    .slice(0, maxLength - 1)
    .replace(/[\uD800-\uDBFF]$/, '')
    .replace(/&[a-z]{0,3}$/, '');
  return `${kept}…`;
}
