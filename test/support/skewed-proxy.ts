/** A socket in front of a real engine that shows it as on a host whose clock is off: all times of all answers are moved. */

import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface SkewedProxy {
  /** `unix:///…` */
  readonly host: string;
  close(): Promise<void>;
}

export async function startSkewedProxy(
  folder: string,
  engineSocket: string,
  aheadMs: number,
): Promise<SkewedProxy> {
  const socketPath = join(folder, `skewed-${process.hrtime.bigint()}.sock`);

  function pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = request;
    const path = moveQuery(request.url ?? '/', -aheadMs / 1000);
    const onward = forward({ socketPath: engineSocket, path, method, headers }, (answer) => {
      const { 'content-length': _changes, ...kept } = answer.headers;
      const date = new Date(Date.parse(answer.headers.date ?? '') + aheadMs).toUTCString();
      response.writeHead(answer.statusCode ?? 500, { ...kept, date });
      response.flushHeaders();
      const isText = (answer.headers['content-type'] ?? '').includes('json');
      if (isText) moveBody(answer, response, aheadMs);
      else answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    host: `unix://${socketPath}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Line by line: events come one to a line, other answers are one line. */
function moveBody(answer: IncomingMessage, response: ServerResponse, aheadMs: number): void {
  let rest = '';
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) response.write(`${moveTimes(line, aheadMs)}\n`);
  });
  answer.on('end', () => response.end(moveTimes(rest, aheadMs)));
  answer.on('error', () => response.destroy());
}

const ISO = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)"/g;

export function moveTimes(text: string, aheadMs: number): string {
  return text
    .replace(ISO, (whole, seconds: string, fraction: string | undefined, zone: string) => {
      if (seconds.startsWith('0001-')) return whole;
      const moved = new Date(Date.parse(`${seconds}${zone}`) + aheadMs).toISOString().slice(0, 19);
      return `"${moved}${fraction ?? ''}Z"`;
    })
    .replace(
      /"(Created|time)":(\d+)/g,
      (_, name: string, at: string) => `"${name}":${Number(at) + aheadMs / 1000}`,
    )
    .replace(
      /"timeNano":(\d+)/g,
      (_, at: string) => `"timeNano":${BigInt(at) + BigInt(aheadMs) * 1_000_000n}`,
    );
}

function moveQuery(url: string, seconds: number): string {
  return url.replace(/([?&](?:since|until)=)(\d+)(\.\d+)?/g, (_, name: string, at: string, rest = '') => {
    return `${name}${Number(at) + seconds}${rest}`;
  });
}
