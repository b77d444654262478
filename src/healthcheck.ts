/** Health check of the container image: ends with 0 when the daemon beside it answers, else with 1 and the reason. */

import { get } from 'node:http';

const TIME_LIMIT_MS = 4000;
const ANYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '[::]', '']);

function fail(reason: string): void {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}

// As the image sets it; a `listen` of the configuration file does not win over the environment.
const listen = process.env['STAGEWATCH_LISTEN'] ?? '127.0.0.1:9847';
const host = listen.slice(0, listen.lastIndexOf(':'));
const url = new URL(
  `http://${ANYWHERE.has(host) ? '127.0.0.1' : host}:${listen.split(':').at(-1)}/-/healthy`,
);

const request = get(url, { timeout: TIME_LIMIT_MS }, (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`${url.href} answered ${response.statusCode}`);
});
request.on('timeout', () => request.destroy(new Error(`no answer within ${TIME_LIMIT_MS} ms`)));
request.on('error', ({ message }) => fail(`${url.href}: ${message}`));
