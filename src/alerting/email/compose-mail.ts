/** Makes a mail of a message: headers that sort, thread and de-duplicate it, text and HTML. */

import { hostname } from 'node:os';
import type { OutgoingMessage } from '../delivery.js';
import { oneLine } from '../finding-words.js';
import { renderHtml } from './render-html.js';
import { renderText } from './render-text.js';

export interface MailSender {
  readonly from: string;
}

export function composeMail(message: OutgoingMessage, { from }: MailSender) {
  const { id, threadId, to, view, notification, createdAtMs } = message;
  const thread = messageId(threadId);
  const facts = notification && {
    'X-Stagewatch-Kind': notification.kind,
    'X-Stagewatch-Severity': notification.severity,
    'X-Stagewatch-Reason': notification.reason,
    ...(notification.stage !== undefined && { 'X-Stagewatch-Stage': oneLine(notification.stage) }),
  };
  return {
    from,
    to: [...to],
    subject: view.subject,
    date: new Date(createdAtMs),
    messageId: messageId(id),
    ...(threadId !== id && { inReplyTo: thread, references: thread }),
    ...(view.tone === 'critical' && { priority: 'high' as const }),
    headers: {
      // Nobody's absence note answers it.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      ...facts,
    },
    text: renderText(view),
    html: renderHtml(view),
    textEncoding: 'quoted-printable' as const,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** Two daemons never share one: the host is in it. */
function messageId(id: string): string {
  const host = hostname().replaceAll(/[^\w.-]/g, '-') || 'localhost';
  return `<${id}@${host}.stagewatch>`;
}
