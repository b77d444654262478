/** A Docker Engine for the simulated containers: as much of its API as programs that watch and restart ask for. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pipeline, PipelineHooks } from '../../pipeline-model.js';
import type { World } from '../../world.js';
import { type HttpService, startHttpService } from '../http-service.js';
import type { WallTime } from '../wall-time.js';
import { createContainerControl } from './container-control.js';
import { createContainerRoutes } from './container-routes.js';
import { createEngineEvents } from './engine-events.js';
import { API_VERSION, checkVersion, ENGINE_VERSION, sendProblem, splitPath } from './engine-protocol.js';
import { createEventHistory } from './event-history.js';
import { createHostRoutes } from './host-routes.js';
import type { LogBook } from './log-book.js';

export interface EngineServer extends HttpService {
  /** Hears of what happens to containers. */
  readonly hooks: Pick<PipelineHooks, 'containerChanged'>;
}

export interface EngineServerOptions {
  readonly socketPath: string;
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly time: WallTime;
  readonly logs: LogBook;
  /** Brings the world up to now, and gives its time. */
  readonly advance: () => number;
  /** Virtual, without bringing anything anywhere. */
  readonly nowMs: () => number;
}

export async function startEngineServer(options: EngineServerOptions): Promise<EngineServer> {
  const { socketPath, world, pipeline, time, logs, advance, nowMs } = options;
  const history = createEventHistory();
  const events = createEngineEvents({ history, wallMs: () => time.toWallMs(nowMs()) });
  const control = createContainerControl({ world, pipeline, events, advance });
  const routes = [
    createHostRoutes({ world, history, time, advance }),
    createContainerRoutes({ world, time, logs, control, advance }),
  ];

  function handle(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Api-Version', API_VERSION);
    response.setHeader('Docker-Experimental', 'false');
    response.setHeader('Ostype', 'linux');
    response.setHeader('Server', `Docker/${ENGINE_VERSION} (linux)`);
    const call = splitPath(request);
    const problem = checkVersion(call.version);
    if (problem !== undefined) {
      sendProblem(response, 400, problem);
      return;
    }
    // Bodies say nothing that is used here; unread, they would keep the connection from its next request.
    request.resume();
    for (const route of routes) if (route(call, response)) return;
    sendProblem(response, 404, 'page not found');
  }

  const service = await startHttpService({ socketPath, handle });
  return { ...service, hooks: events.hooks };
}
