/** Health check of the container image: ends with 0 when the daemon beside it answers, else with 1 and the reason. */

import { get, type IncomingMessage } from 'node:http';
import { get as getByTls } from 'node:https';

const TIME_LIMIT_MS = 4000;
const ANYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '[::]', '']);

/** A word for what went wrong; undefined: it answers. */
type Outcome = string | undefined;

// As the image sets it; a `listen` of the configuration file does not win over the environment.
const listen = process.env['STAGEWATCH_LISTEN'] ?? '127.0.0.1:9847';
const host = listen.slice(0, listen.lastIndexOf(':'));
const place = `${ANYWHERE.has(host) ? '127.0.0.1' : host}:${listen.split(':').at(-1)}/-/healthy`;

function ask(scheme: 'http' | 'https'): Promise<Outcome> {
  const url = `${scheme}://${place}`;
  return new Promise((resolve) => {
    const take = (response: IncomingMessage): void => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : `${url} answered ${response.statusCode}`);
    };
    // The certificate names the host for others; nothing secret is sent, and nothing that is answered is believed.
    const request =
      scheme === 'http'
        ? get(url, { timeout: TIME_LIMIT_MS }, take)
        : getByTls(url, { timeout: TIME_LIMIT_MS, rejectUnauthorized: false }, take);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIME_LIMIT_MS} ms`)));
    request.on('error', (error: NodeJS.ErrnoException) =>
      resolve(isAskedForCertificate(error) ? undefined : `${url}: ${error.message}`),
    );
  });
}

/** A daemon that serves clients with certificates only has answered with that: it is there. */
function isAskedForCertificate({ code }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' || code === 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'
  );
}

// Whether it has TLS stands in a file that this does not read: plain HTTP is tried first, and nothing that refuses both.
const plain = await ask('http');
const outcome = plain === undefined ? undefined : await ask('https');
if (outcome !== undefined) {
  process.stderr.write(`${plain}\n${outcome}\n`);
  process.exitCode = 1;
}
