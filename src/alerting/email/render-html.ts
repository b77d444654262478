/**
 * The HTML of a mail: one column of 600 px, tables and inline styles for clients of any age, no image, and colours that
 * hold in light and dark: clients that know neither style sheets nor dark mode show the inline, light ones.
 */

import type { MessageCommand } from '../message-command.js';
import { MARKS, type MessageSection, type MessageView } from '../message-view.js';
import { type Html, html } from './html.js';

interface Shade {
  readonly light: string;
  readonly dark: string;
}

/** Contrast of text on its ground is at least 4.5 in both; a test measures it. */
export const COLOURS = {
  page: { light: '#f3f4f6', dark: '#0b0f14' },
  card: { light: '#ffffff', dark: '#151b23' },
  text: { light: '#1f2937', dark: '#e5e7eb' },
  faint: { light: '#5b6472', dark: '#9aa3af' },
  line: { light: '#e5e7eb', dark: '#2b3440' },
  block: { light: '#f3f4f6', dark: '#0b0f14' },
  link: { light: '#245a9c', dark: '#7fb0ee' },
  critical: { light: '#b83a00', dark: '#ff7a45' },
  warning: { light: '#8a5800', dark: '#e6a532' },
  info: { light: '#245a9c', dark: '#7fb0ee' },
  resolved: { light: '#00795c', dark: '#2fbf94' },
} as const satisfies Readonly<Record<string, Shade>>;

const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace";

const BLOCK_STYLE = `margin-top:6px;padding:8px 10px;font-family:${MONO};font-size:13px;line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere;background:${COLOURS.block.light};border:1px solid ${COLOURS.line.light};border-radius:4px;color:${COLOURS.text.light}`;

/** Made of constants only. */
const STYLE: Html = {
  html: `
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:${COLOURS.page.dark}!important}
.card{background:${COLOURS.card.dark}!important;border-color:${COLOURS.line.dark}!important}
.text{color:${COLOURS.text.dark}!important}
.faint{color:${COLOURS.faint.dark}!important}
.rule{border-color:${COLOURS.line.dark}!important}
.block{background:${COLOURS.block.dark}!important;border-color:${COLOURS.line.dark}!important;color:${COLOURS.text.dark}!important}
.link{color:${COLOURS.link.dark}!important}
${(['critical', 'warning', 'info', 'resolved'] as const)
  .map(
    (tone) =>
      `.${tone}{color:${COLOURS[tone].dark}!important}.${tone}-bar{border-top-color:${COLOURS[tone].dark}!important}`,
  )
  .join('\n')}
}
@media (max-width:620px){.card{width:100%!important;border-radius:0!important}.pad{padding-left:16px!important;padding-right:16px!important}}
`,
};

export function renderHtml(view: MessageView): string {
  const { tone, label, subject, title, lead, sections, links, sender } = view;
  const colour = COLOURS[tone].light;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>${subject}</title><style>${STYLE}</style></head>
<body class="page" style="margin:0;padding:0;background:${COLOURS.page.light}">
<div style="display:none;max-height:0;overflow:hidden">${lead[0] ?? ''}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:${COLOURS.page.light}"><tr><td align="center" style="padding:16px 0">
<table role="presentation" class="card ${tone}-bar" width="600" cellpadding="0" cellspacing="0" style="width:600px;max-width:100%;background:${COLOURS.card.light};border:1px solid ${COLOURS.line.light};border-top:4px solid ${colour};border-radius:6px;font-family:${FONT}">
<tr><td class="pad" style="padding:20px 24px 4px">
<div class="${tone}" style="font-size:13px;font-weight:700;letter-spacing:.04em;color:${colour}">${MARKS[tone]} ${label.toUpperCase()}</div>
<div class="text" style="margin-top:6px;font-size:19px;line-height:1.35;font-weight:600;color:${COLOURS.text.light};overflow-wrap:anywhere">${title}</div>
${lead.map((line) => html`<div class="faint" style="margin-top:8px;font-size:14px;line-height:1.45;color:${COLOURS.faint.light}">${line}</div>`)}
</td></tr>
${sections.map(renderSection)}
<tr><td style="height:14px;line-height:14px;font-size:0">&nbsp;</td></tr>
<tr><td class="pad rule" style="padding:14px 24px 18px;border-top:1px solid ${COLOURS.line.light};font-size:13px;line-height:1.6;color:${COLOURS.faint.light}"><span class="faint">
${links.map(({ title: name, url }) => html`<a class="link" href="${url}" style="color:${COLOURS.link.light};margin-right:16px">${name}</a>`)}
${links.length > 0 ? html`<br>` : ''}Sent by ${sender}.</span></td></tr>
</table></td></tr></table>
</body></html>
`.html;
}

function renderSection(section: MessageSection): Html {
  return html`<tr><td class="pad" style="padding:14px 24px 4px">
<div class="faint" style="font-size:12px;font-weight:700;letter-spacing:.04em;color:${COLOURS.faint.light}">${section.title.toUpperCase()}${section.about === undefined ? '' : html` <span style="font-weight:400;letter-spacing:0">${section.about}</span>`}</div>
${renderBody(section)}
</td></tr>
`;
}

function renderBody(section: MessageSection): Html {
  switch (section.kind) {
    case 'lines':
      return html`${section.lines.map(
        (line) =>
          html`<div class="text" style="margin-top:6px;font-size:14px;line-height:1.45;color:${COLOURS.text.light};overflow-wrap:anywhere">${line}</div>`,
      )}`;
    case 'items':
      return html`${section.items.map(renderItem)}${section.more > 0 ? renderMore(section.more) : ''}`;
    case 'commands':
      return html`${section.commands.map(renderCommand)}`;
    case 'log':
      return html`<div class="block" style="${BLOCK_STYLE};font-size:12px">${section.lines.join('\n')}</div>`;
  }
}

function renderItem({
  mark,
  who,
  what,
  isNew,
}: Extract<MessageSection, { kind: 'items' }>['items'][number]): Html {
  const tone = (Object.keys(MARKS) as (keyof typeof MARKS)[]).find((one) => MARKS[one] === mark) ?? 'info';
  return html`<div class="text" style="margin-top:8px;font-size:14px;line-height:1.45;color:${COLOURS.text.light};overflow-wrap:anywhere"><span class="${tone}" style="color:${COLOURS[tone].light}">${mark}</span> <b>${who}</b>${isNew ? html` <span class="${tone}" style="font-size:12px;color:${COLOURS[tone].light}">new</span>` : ''}<br><span class="faint" style="color:${COLOURS.faint.light}">${what}</span></div>`;
}

function renderMore(count: number): Html {
  return html`<div class="faint" style="margin-top:8px;font-size:14px;color:${COLOURS.faint.light}">… and ${count} more</div>`;
}

/** A block of its own for each, so that a tap or a triple click takes exactly one. */
function renderCommand({ text, purpose }: MessageCommand): Html {
  return html`<div class="block" style="${BLOCK_STYLE}">${text}</div><div class="faint" style="margin:2px 0 0 2px;font-size:12px;color:${COLOURS.faint.light}">${purpose}</div>`;
}
