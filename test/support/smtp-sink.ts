/** A real mail server of a test's own: it takes mails as it is told to, and parses what came. */

import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { callbackify } from 'node:util';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

export interface ReceivedMail {
  readonly mail: ParsedMail;
  readonly raw: string;
  readonly recipients: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
}

export interface SmtpSink {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Mails whose connection ended before they were whole are not among them. */
  close(): Promise<void>;
}

export interface SmtpSinkOptions extends SMTPServerOptions {
  /** Where it was before, for a test that starts it again. */
  readonly port?: number;
}

export async function startSmtpSink(
  test: Pick<TestContext, 'after'>,
  { port = 0, ...options }: SmtpSinkOptions = {},
): Promise<SmtpSink> {
  const mails: ReceivedMail[] = [];
  async function keep(stream: Readable, session: SMTPServerSession): Promise<void> {
    const raw = await buffer(stream);
    mails.push({
      mail: await simpleParser(raw),
      raw: raw.toString('latin1'),
      recipients: session.envelope.rcptTo.map(({ address }) => address),
      user: session.user,
      isSecure: session.secure,
    });
  }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.secure || options.key ? [] : ['STARTTLS'],
    logger: false,
    onData: (stream, session, done) => callbackify(() => keep(stream, session))(done),
    ...options,
  });
  // A client that goes away in the middle is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  test.after(close);
  return { port: (server.server.address() as AddressInfo).port, mails, close };
}
