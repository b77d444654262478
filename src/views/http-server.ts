/** The daemon's HTTP server: metrics, health, API and page. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import type { ListenAddress } from '../config/listen-option.js';
import type { WebTls } from '../config/read-web-file.js';
import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';
import { createLogQuota } from '../lib/log-quota.js';
import type { Logger } from '../lib/logger.js';
import type { Recovery } from '../recovery/recovery.js';
import { sendError, sendLarge, sendSuccess } from './api-envelope.js';
import { CLIENT_LIMITS, type ClientLimits, cutOffUnread, serverOptionsOf } from './door/client-limits.js';
import { createConnectionGate } from './door/connection-gate.js';
import type { Door } from './door/door.js';
import { putTlsBefore } from './door/tls-front.js';
import { renderFindings } from './findings-json.js';
import { renderFleetJson } from './fleet-json.js';
import { parseJournalQuery } from './journal-json.js';
import { createLivePage, type LivePage } from './live-page.js';
import { metricsRoute } from './metrics-route.js';
import { packedJsonRoute } from './packed-json.js';
import { missingForReadiness } from './readiness.js';
import { addRecoveryRoutes } from './recovery-routes.js';
import { type AlertingView, silenceRoutes } from './silence-routes.js';
import { createUnsentAnswers, type UnsentAnswers } from './unsent-answers.js';
import { renderWhy } from './why-json.js';

export interface HttpServerOptions {
  readonly fleet: Fleet;
  readonly verdicts: () => Verdicts;
  readonly journal: Pick<Journal, 'newest'>;
  readonly recovery: Pick<Recovery, 'picture' | 'restartByHand'>;
  /** Absent: nothing is at the routes of silences and notifications. */
  readonly alerting?: AlertingView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly metrics: { readonly contentType: string; render(): Promise<Buffer> };
  readonly door: Door;
  /** A token is configured, so that actions can be allowed at all. */
  readonly canAct: () => boolean;
  /** Other machines may read without authentication. */
  readonly isExposed: () => boolean;
  /** Null: without TLS. Asked for at each connection. */
  readonly tls: () => WebTls | null;
  /** Others than `CLIENT_LIMITS`, for tests. */
  readonly clientLimits?: ClientLimits;
  /** Loads the configuration again; the problem in words when it was refused. */
  readonly reload: () => Promise<{ readonly problem?: string }>;
}

export interface HttpServer {
  /** Resolves with the address it listens on; rejects with the system's error (EADDRINUSE, EACCES). */
  listen(address: ListenAddress): Promise<AddressInfo>;
  /** Ends idle connections at once and busy ones after a short grace. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1000;
const MAX_NAME = 200;
const BAD_REQUEST = 400;
/** Everything comes from here, nothing is inline, and no text becomes markup. */
const PAGE_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
};

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { door, clock, log } = options;
  const unsent = createUnsentAnswers();
  const page = createLivePage({ ...options, unsent });
  const routes = createRoutes(options, { page, unsent });
  const server = createServer(serverOptionsOf(options.clientLimits ?? CLIENT_LIMITS), routes);
  const front = putTlsBefore(server, {
    tls: options.tls,
    admit: createConnectionGate(),
    onRefused: (problem) => log.debug({ problem }, 'a TLS handshake failed'),
  });
  return {
    async listen(address) {
      const bound = await listen(server, address);
      page.start();
      return bound;
    },
    async close() {
      page.close();
      await close(server, clock, () => front.destroyAll());
      door.close();
    },
  };
}

interface RouteParts {
  readonly page: LivePage;
  readonly unsent: UnsentAnswers;
}

function createRoutes(options: HttpServerOptions, { page, unsent }: RouteParts): Express {
  const { fleet, clock, metrics, reload, door } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
      strictTransportSecurity: false,
    }),
  );

  app.use(cutOffUnread(options.clientLimits ?? CLIENT_LIMITS));
  app.use(door.enter);
  app.get('/metrics', metricsRoute(metrics.render, metrics.contentType, unsent));
  app.get('/-/healthy', (_request, response) => {
    response.type('text').send('stagewatch is healthy.\n');
  });
  app.get('/-/ready', (_request, response) => {
    const missing = missingForReadiness(fleet);
    response.type('text');
    if (missing.length === 0) response.send('stagewatch is ready.\n');
    else response.status(503).send(`stagewatch is not ready, waiting for:\n${missing.join('\n')}\n`);
  });
  page.addRoutes(app);
  const fleetJson = (): string =>
    JSON.stringify(renderFleetJson(fleet, options.verdicts(), clock.nowMs(), page.history));
  app.get('/api/v1/fleet', packedJsonRoute(fleetJson, unsent));
  app.get('/api/v1/containers/:name/why', (request, response) => {
    const name = String(request.params['name']);
    const { recovery } = options;
    const facts = { fleet, verdicts: options.verdicts(), recovery: recovery.picture, nowMs: clock.nowMs() };
    const why = renderWhy(name, facts);
    if (why) sendSuccess(response, why);
    else sendError(response, 'not_found', `no container is called ${name.slice(0, MAX_NAME)}`);
  });
  app.get('/api/v1/findings', (_request, response) =>
    sendSuccess(response, renderFindings(options.verdicts())),
  );
  app.get('/api/v1/journal', (request, response) => {
    const asked = parseJournalQuery(request.query);
    if ('problem' in asked) sendError(response, 'bad_data', asked.problem);
    else sendLarge(response, options.journal.newest(asked.query), unsent);
  });
  // For who enters a token: whether it is the one, without doing anything with it.
  app.post('/api/v1/token', door.act, (_request, response) => sendSuccess(response, { valid: true }));
  addRecoveryRoutes(app, options);
  if (options.alerting) app.use(silenceRoutes({ ...options, alerting: options.alerting }));
  app.post('/-/reload', door.act, async (_request, response) => {
    const { problem } = await reload();
    if (problem === undefined) sendSuccess(response, { reloaded: true });
    else sendError(response, 'bad_data', problem);
  });

  app.use((request, response) => {
    sendError(
      response,
      'not_found',
      `nothing is at ${request.method} ${request.path}; / lists what there is`,
    );
  });
  app.use(createErrorHandler(options));
  return app;
}

/** What the router cannot read of a request is its client's mistake, and no line in the log. */
function createErrorHandler({ clock, log }: Pick<HttpServerOptions, 'clock' | 'log'>): ErrorRequestHandler {
  const quota = createLogQuota({ clock, log });
  return (error: unknown, _request, response, next) => {
    const isClients = error instanceof Error && 'status' in error && error.status === BAD_REQUEST;
    if (!isClients) quota.error('failed', { err: error }, 'a request failed');
    if (response.headersSent) next(error);
    else if (isClients)
      sendError(response, 'bad_data', 'the request cannot be read: its path is no valid URL');
    else sendError(response, 'internal', 'the request failed; the log of stagewatch says why');
  };
}

function listen(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(host === undefined ? { port } : { port, host }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function close(server: Server, clock: Clock, destroyAll: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(CLOSE_GRACE_MS, destroyAll);
    server.close(() => {
      timer.cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
