/** The daemon's own door: under which names it answers, who may read, and who may act. */

import type { Request, RequestHandler, Response } from 'express';
import type { Clock } from '../../lib/clock.js';
import { sendError } from '../api-envelope.js';
import { type BcryptRunner, createBcryptRunner } from './bcrypt-runner.js';
import { createCredentialJudge, type Standing } from './credential-judge.js';
import { readCredentials } from './credentials.js';
import type { DoorSettings } from './door-settings.js';
import { isKnownHost, isOwnOrigin } from './hosts.js';
import { createRateLimit } from './rate-limit.js';

export interface DoorOptions {
  /** Asked for at each request, because a reload may change them. */
  readonly settings: () => DoorSettings;
  readonly clock: Clock;
  /** A request was refused for its missing or wrong credentials. */
  readonly onUnauthorized: () => void;
  /** A request named a host that is not ours. */
  readonly onForeignHost: (host: string) => void;
  readonly bcrypt?: BcryptRunner;
}

export interface Door {
  /** Stands before every route. */
  readonly enter: RequestHandler;
  /** Stands before each route that does something. */
  readonly act: RequestHandler;
  /** Whether the request has shown right credentials, needed or not. */
  isTrusted(request: Request): boolean;
  close(): void;
}

/** Says nothing but that the process serves: health checks hold no secrets. */
const OPEN_PATH = '/-/healthy';
const BASIC = 'Basic realm="stagewatch", charset="UTF-8"';

export function createDoor(options: DoorOptions): Door {
  const { settings, clock, onUnauthorized, onForeignHost, bcrypt = createBcryptRunner() } = options;
  const judge = createCredentialJudge(clock, bcrypt);
  const rateLimit = createRateLimit(clock);
  const standings = new WeakMap<Request, Standing>();

  function refuse(response: Response, standing: Standing, challenge: string): void {
    if (standing.kind === 'busy') {
      response.set('retry-after', '1');
      sendError(response, 'unavailable', 'too many passwords wait to be checked');
      return;
    }
    onUnauthorized();
    if (standing.kind === 'wait') {
      const seconds = Math.ceil(standing.ms / 1000);
      response.set('retry-after', String(seconds));
      const problem = `too many wrong credentials came from this address; try again in ${seconds} s`;
      sendError(response, 'too_many_requests', problem);
      return;
    }
    response.set('www-authenticate', challenge);
    const what = challenge === BASIC ? 'user and password or the token are' : 'the bearer token is';
    sendError(response, 'unauthorized', `${what} missing or wrong`);
  }

  return {
    async enter(request, response, next) {
      const now = settings();
      const { access, readToken, hosts } = now;
      for (const [name, value] of access.headers) response.set(name, value);
      if (!rateLimit.allows(access.rateLimit)) {
        sendError(response, 'too_many_requests', 'more requests than rate_limit of web.config_file allows');
        return;
      }
      if (!isKnownHost(request.headers.host, hosts)) {
        onForeignHost(request.headers.host ?? '');
        const problem =
          'this host name is not answered here; add it to web.allowed_hosts if it is one of yours';
        sendError(response, 'misdirected', problem);
        return;
      }
      if (request.path === OPEN_PATH) {
        next();
        return;
      }
      const standing = await judge.judge(readCredentials(request.headers), addressOf(request), now);
      standings.set(request, standing);
      const isOpen = readToken === null && access.users.size === 0;
      if (isOpen || standing.kind === 'right') next();
      else refuse(response, standing, BASIC);
    },
    act(request, response, next) {
      const { bearerToken, externalOrigins } = settings();
      const standing = standings.get(request) ?? { kind: 'none' };
      if (!isOwnOrigin(request.headers.origin, request.headers.host, externalOrigins)) {
        sendError(response, 'forbidden', 'a page of another origin may not act here; see web.external_url');
      } else if (bearerToken === null) {
        sendError(response, 'forbidden', 'no token is configured; set web.bearer_token to allow this');
      } else if (standing.kind === 'right' && standing.canAct) {
        next();
      } else {
        // A right user with a wrong token beside it was no wrong attempt until now.
        if (standing.kind === 'right') judge.wasWrong(addressOf(request));
        refuse(response, standing, 'Bearer');
      }
    },
    isTrusted: (request) => standings.get(request)?.kind === 'right',
    close: () => bcrypt.close(),
  };
}

function addressOf(request: Request): string {
  return request.socket.remoteAddress ?? '';
}
