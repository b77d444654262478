/** A RabbitMQ for the simulated queues: its Prometheus plugin and its management API, each on a port of its own. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { QueueReading } from '../../../fleet/queue-observations.js';
import { readBroker } from '../../describe-world.js';
import type { World } from '../../world.js';
import { type HttpService, sendJson, sendText, startHttpService } from '../http-service.js';
import { renderDetailed } from './detailed-page.js';
import { answerManagement, pickColumns } from './management-answers.js';

export interface BrokerServer {
  readonly metricsUrl: string;
  /** With user and password. */
  readonly managementUrl: string;
  setUp(isUp: boolean): void;
  close(): Promise<void>;
}

export interface BrokerServerOptions {
  readonly world: World;
  /** Brings the world up to now, and gives its time. */
  readonly advance: () => number;
}

const USER = 'guest:guest';
const VHOST = '/';

/** As on a busy broker: so many answers, and one of them lacks all figures. */
const THIN_EVERY = 5;

export async function startBrokerServer({ world, advance }: BrokerServerOptions): Promise<BrokerServer> {
  let listCount = 0;

  function isThin(pathname: string): boolean {
    if (pathname.startsWith('/api/queues')) listCount++;
    return listCount > 0 && listCount % THIN_EVERY === 0;
  }

  function readQueues(): readonly QueueReading[] {
    const { readings } = readBroker(world, advance());
    return readings.flatMap(({ queues }) => queues.filter(({ status }) => status === 'present'));
  }

  function serveMetrics(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = addressOf(request);
    if (pathname !== '/metrics/detailed') {
      response.statusCode = 404;
      response.end();
      return;
    }
    const vhosts = searchParams.getAll('vhost');
    const queues = vhosts.length === 0 || vhosts.includes(VHOST) ? readQueues() : [];
    const text = renderDetailed(queues, new Set(searchParams.getAll('family')), VHOST);
    sendText(response, text, 'text/plain; version=0.0.4');
  }

  function serveManagement(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== `Basic ${Buffer.from(USER).toString('base64')}`) {
      sendJson(response, { error: 'not_authorized', reason: 'Not_Authorized' }, 401);
      return;
    }
    const { pathname, searchParams } = addressOf(request);
    const answer =
      pathname.startsWith('/api/') &&
      answerManagement(pathname.slice('/api'.length), readQueues(), isThin(pathname));
    if (answer === undefined || answer === false) {
      sendJson(response, { error: 'Object Not Found', reason: 'Not Found' }, 404);
      return;
    }
    sendJson(response, pickColumns(answer, searchParams.get('columns')));
  }

  const services: readonly [HttpService, HttpService] = await Promise.all([
    startHttpService({ handle: serveMetrics }),
    startHttpService({ handle: serveManagement }),
  ]);
  const [metrics, management] = services;
  return {
    metricsUrl: `http://127.0.0.1:${metrics.port}`,
    managementUrl: `http://${USER}@127.0.0.1:${management.port}`,
    setUp(isUp) {
      for (const service of services) service.setUp(isUp);
    },
    async close() {
      await Promise.all(services.map((service) => service.close()));
    },
  };
}

function addressOf({ url = '/' }: IncomingMessage): URL {
  return new URL(url, 'http://broker');
}
