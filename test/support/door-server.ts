/** The daemon's HTTP server over an empty fleet, with a door as a test sets it. */

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import { createDoor } from '../../src/views/door/door.js';
import type { DoorSettings } from '../../src/views/door/door-settings.js';
import { createHttpServer, type HttpServerOptions } from '../../src/views/http-server.js';
import { fleetOf } from './build-fleet.js';
import { NO_RECOVERY } from './no-recovery.js';
import { NO_VERDICTS } from './no-verdicts.js';
import { OPEN_SETTINGS } from './open-door.js';

export interface DoorServer {
  readonly port: number;
  /** May be changed while it serves. */
  settings: DoorSettings;
  readonly counts: { unauthorized: number };
  readonly foreignHosts: readonly string[];
}

export async function serveDoor(
  test: Pick<TestContext, 'after'>,
  settings: Partial<DoorSettings>,
  more: Partial<HttpServerOptions> = {},
): Promise<DoorServer> {
  const counts = { unauthorized: 0 };
  const foreignHosts: string[] = [];
  const served = { settings: { ...OPEN_SETTINGS, ...settings }, counts, foreignHosts, port: 0 };
  const server = createHttpServer({
    fleet: fleetOf().fleet,
    verdicts: () => NO_VERDICTS,
    journal: { newest: () => [] },
    recovery: NO_RECOVERY,
    clock: systemClock,
    log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
    version: '1.2.3',
    metrics: { contentType: 'text/plain', render: () => Promise.resolve(Buffer.from('up 1\n')) },
    door: createDoor({
      settings: () => served.settings,
      clock: systemClock,
      onUnauthorized: () => void counts.unauthorized++,
      onForeignHost: (host) => void foreignHosts.push(host),
    }),
    isExposed: () => false,
    canAct: () => served.settings.bearerToken !== null,
    tls: () => served.settings.access.tls,
    reload: () => Promise.resolve({}),
    ...more,
  });
  served.port = (await server.listen({ host: '127.0.0.1', port: 0 })).port;
  test.after(() => server.close());
  return served;
}

export interface Asked extends RequestOptions {
  readonly port: number;
  readonly isTls?: boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** On a connection of its own. */
export function ask({ isTls = false, ...options }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const send = isTls ? httpsRequest : httpRequest;
    send({ host: '127.0.0.1', path: '/metrics', agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
