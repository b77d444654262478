/** What the engine tells of itself and of all containers: ping, version, info, the list, the events. */

import type { ServerResponse } from 'node:http';
import type { SimContainer, World } from '../../world.js';
import { sendJson, sendText } from '../http-service.js';
import { toNanos, type WallTime } from '../wall-time.js';
import { CORES, renderListed } from './container-json.js';
import {
  API_VERSION,
  ENGINE_VERSION,
  type EngineCall,
  type EngineRoute,
  isOn,
  sendProblem,
} from './engine-protocol.js';
import { type EventHistory, hasLabel } from './event-history.js';
import { BadFilterError, type Filters, fits, fitsAll, parseFilters } from './filters.js';
import { parseNanos } from './log-frames.js';

export interface HostRoutesOptions {
  readonly world: World;
  readonly history: EventHistory;
  readonly time: WallTime;
  readonly advance: () => number;
}

const LIST_FILTERS = ['id', 'name', 'label', 'status', 'ancestor', 'network'];
const EVENT_FILTERS = ['type', 'event', 'container', 'image', 'label', 'scope'];

export function createHostRoutes({ world, history, time, advance }: HostRoutesOptions): EngineRoute {
  function sendList({ params }: EngineCall, response: ServerResponse): void {
    const filters = parseFilters(params.get('filters'), LIST_FILTERS);
    const context = { world, time, nowMs: advance() };
    const isAll = isOn(params.get('all')) || filters.has('status');
    const chosen = [...world.containers.values()].filter(
      (container) => (isAll || container.state === 'running') && isListed(container, filters),
    );
    sendJson(
      response,
      chosen.map((container) => renderListed(container, context)),
    );
  }

  function isListed(container: SimContainer, filters: Filters): boolean {
    const { Image: image, Labels: labels } = renderListed(container, { world, time, nowMs: 0 });
    return (
      fits(filters, 'id', (id) => container.id.startsWith(id)) &&
      fits(filters, 'name', (name) => `/${container.name}`.includes(name.replace(/^\^|\$$/g, ''))) &&
      fits(filters, 'status', (status) => status === container.state) &&
      fits(filters, 'ancestor', (ancestor) => image.startsWith(ancestor)) &&
      fitsAll(filters, 'label', (label) => hasLabel(labels, label))
    );
  }

  function sendEvents({ params }: EngineCall, response: ServerResponse): void {
    const filters = parseFilters(params.get('filters'), EVENT_FILTERS);
    const nowNanos = toNanos(time.toWallMs(advance()));
    const since = parseNanos(params.get('since'));
    const until = parseNanos(params.get('until'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since !== undefined || until !== undefined)
      for (const line of history.between(since ?? nowNanos, until, filters)) response.write(line);
    if (until !== undefined && until <= nowNanos) {
      response.end();
      return;
    }
    const unfollow = history.follow(filters, (line) => response.write(line));
    const ends =
      until === undefined
        ? undefined
        : setTimeout(() => response.end(), Number((until - nowNanos) / 1_000_000n));
    response.on('close', () => {
      clearTimeout(ends);
      unfollow();
    });
  }

  function sendPing({ method }: EngineCall, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-cache, no-store, must-revalidate');
    sendText(response, method === 'HEAD' ? '' : 'OK', 'text/plain; charset=utf-8');
  }

  function sendInfo(response: ServerResponse): void {
    advance();
    const states = [...world.containers.values()].map(({ state }) => state);
    const running = states.filter((state) => state === 'running').length;
    sendJson(response, {
      ...INFO,
      Containers: states.length,
      ContainersRunning: running,
      ContainersPaused: 0,
      ContainersStopped: states.length - running,
    });
  }

  return (call, response) => {
    if (call.method !== 'GET' && call.method !== 'HEAD') return false;
    try {
      if (call.path === '/_ping') sendPing(call, response);
      else if (call.path === '/version') sendJson(response, VERSION);
      else if (call.path === '/info') sendInfo(response);
      else if (call.path === '/containers/json') sendList(call, response);
      else if (call.path === '/events') sendEvents(call, response);
      else return false;
    } catch (error) {
      if (!(error instanceof BadFilterError)) throw error;
      sendProblem(response, 400, error.message);
    }
    return true;
  };
}

const VERSION = {
  Platform: { Name: 'stagewatch demo: no engine, a simulation' },
  Components: [{ Name: 'Engine', Version: ENGINE_VERSION, Details: { ApiVersion: API_VERSION } }],
  Version: ENGINE_VERSION,
  ApiVersion: API_VERSION,
  MinAPIVersion: '1.12',
  GitCommit: '',
  GoVersion: '',
  Os: 'linux',
  Arch: 'amd64',
  KernelVersion: '',
};

const INFO = {
  ID: 'stagewatch-demo',
  Name: 'demo',
  ServerVersion: ENGINE_VERSION,
  OperatingSystem: 'stagewatch demo: no engine, a simulation',
  OSType: 'linux',
  Architecture: 'x86_64',
  NCPU: CORES,
  MemTotal: 1024 ** 4,
  Driver: 'overlay2',
  CgroupDriver: 'cgroupfs',
  CgroupVersion: '2',
  Images: 0,
  Warnings: null,
};
