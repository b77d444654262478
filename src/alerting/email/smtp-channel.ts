/** Sends messages as mail, each over a connection of its own, and tells what the server said apart by what it means. */

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { NodemailerError } from 'nodemailer';
import type { AlertsConfig } from '../../config/alerts-section.js';
import type { Clock } from '../../lib/clock.js';
import { withDeadline } from '../../lib/deadline.js';
import { describeError } from '../../lib/describe-error.js';
import type { Channel, DeliveryResult, OutgoingMessage, RefusedRecipient } from '../delivery.js';
import { composeMail } from './compose-mail.js';

export type EmailConfig = AlertsConfig['email'];

const CONNECT_LIMIT_MS = 5000;
const SILENCE_LIMIT_MS = 15_000;
/** What no other attempt with the same configuration will get past. */
const BLOCKING_CODES = new Set(['EAUTH', 'ENOAUTH', 'ETLS', 'EREQUIRETLS', 'ECONFIG', 'ENOENT', 'EACCES']);

export function createSmtpChannel(config: EmailConfig, clock: Clock): Channel {
  return {
    deliver: async (message, signal) => {
      const ended = new AbortController();
      const abort = (): void => ended.abort();
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await withDeadline(send(config, message, ended.signal), {
          clock,
          limitMs: config.time_limit,
          what: 'sending a mail',
          onExpired: abort,
        });
      } catch (error) {
        return classify(error);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}

async function send(
  config: EmailConfig,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<DeliveryResult> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(await transportOptions(config));
  try {
    const info = await transport.sendMail({ ...composeMail(message, config), signal });
    const problems = info.rejectedErrors ?? [];
    return {
      kind: 'sent',
      refused: problems.filter(isForGood).map(toRefused),
      later: problems.filter((error) => !isForGood(error)).map(toRefused),
    };
  } finally {
    transport.close();
  }
}

/** Credentials never leave in the clear, unless TLS was turned off by hand. */
async function transportOptions({ smtp_url, starttls, tls_ca, tls_verify, time_limit }: EmailConfig) {
  const url = new URL(smtp_url ?? '');
  const isSecure = url.protocol === 'smtps:';
  const user = decode(url.username);
  const pass = decode(url.password);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (isSecure ? 465 : 587)),
    secure: isSecure,
    requireTLS: !isSecure && (starttls === 'required' || (starttls === 'auto' && user !== '')),
    ignoreTLS: starttls === 'off',
    ...(user !== '' && { auth: { user, pass } }),
    tls: {
      rejectUnauthorized: tls_verify,
      ...(tls_ca !== null && { ca: await readFile(tls_ca, 'utf8') }),
    },
    name: hostname() || 'localhost',
    connectionTimeout: Math.min(CONNECT_LIMIT_MS, time_limit),
    greetingTimeout: Math.min(CONNECT_LIMIT_MS, time_limit),
    dnsTimeout: Math.min(CONNECT_LIMIT_MS, time_limit),
    socketTimeout: Math.min(SILENCE_LIMIT_MS, time_limit),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone percent sign, as people write it in passwords: taken as it stands.
    return part;
  }
}

/** Where nothing is known of the reason, the same may succeed soon: a mail too much is better than one too few. */
function classify(error: unknown): DeliveryResult {
  const { code = '', originalCode = '', permanent, command = '' } = factsOf(error);
  const problem = describeError(error);
  if (BLOCKING_CODES.has(code) || isCertificateCode(originalCode)) return { kind: 'blocked', problem };
  if (permanent !== true) return { kind: 'transient', problem };
  // The server refuses us, or our sender, whatever the message.
  const isAboutMessage = command.startsWith('RCPT') || command.startsWith('DATA') || code === 'EMESSAGE';
  return { kind: isAboutMessage ? 'rejected' : 'blocked', problem };
}

/** `originalCode` is what TLS or the socket said before nodemailer gave it a code of its own. */
function factsOf(error: unknown): NodemailerError & { readonly originalCode?: string } {
  return error instanceof Error ? error : new Error(String(error));
}

function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code);
}

function isForGood({ permanent }: NodemailerError): boolean {
  return permanent === true;
}

function toRefused(error: NodemailerError): RefusedRecipient {
  return { to: error.recipient ?? '', problem: describeError(error) };
}
