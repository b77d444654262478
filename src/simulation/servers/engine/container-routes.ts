/** What the engine tells of one container and does with it: inspect, logs, stats, processes, start, stop, restart, kill. */

import type { ServerResponse } from 'node:http';
import type { SimContainer, World } from '../../world.js';
import { sendJson } from '../http-service.js';
import type { WallTime } from '../wall-time.js';
import { type ContainerControl, type ControlResult, parseSignal } from './container-control.js';
import {
  type ContainerContext,
  readStats,
  renderInspected,
  renderStats,
  renderThreads,
  renderTop,
} from './container-json.js';
import { type EngineCall, type EngineRoute, isOff, isOn, sendProblem } from './engine-protocol.js';
import type { LogBook, LogLine } from './log-book.js';
import { isLineWanted, parseLogQuery, renderFrame } from './log-frames.js';

export interface ContainerRoutesOptions {
  readonly world: World;
  readonly time: WallTime;
  readonly logs: LogBook;
  readonly control: ContainerControl;
  readonly advance: () => number;
}

const DEFAULT_GRACE_SECONDS = 10;
const STATS_EVERY_MS = 1000;

export function createContainerRoutes(options: ContainerRoutesOptions): EngineRoute {
  const { world, time, logs, control, advance } = options;
  const context = (): ContainerContext => ({ world, time, nowMs: advance() });

  function sendLogs(container: SimContainer, { params }: EngineCall, response: ServerResponse): void {
    const query = parseLogQuery(params);
    if (!query.stdout && !query.stderr) {
      sendProblem(response, 400, 'Bad parameters: you must choose at least one stream');
      return;
    }
    advance();
    const wanted = logs.linesOf(container.name).filter((line) => isLineWanted(line, query, time));
    const lines =
      query.tail === undefined ? wanted : wanted.slice(wanted.length - Math.min(query.tail, wanted.length));
    response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
    const send = (line: LogLine): unknown => response.write(renderFrame(line, query, time));
    for (const line of lines) send(line);
    if (!query.follow) {
      response.end();
      return;
    }
    const unfollow = logs.follow(container.name, (line) => {
      if (isLineWanted(line, query, time)) send(line);
    });
    response.on('close', unfollow);
  }

  /** A single reading at once, one with what changed within a second, or one each second. */
  function sendStats(container: SimContainer, { params }: EngineCall, response: ServerResponse): void {
    const isStream = !isOff(params.get('stream'));
    if (!isStream && isOn(params.get('one-shot'))) {
      sendJson(response, renderStats(container, context(), undefined));
      return;
    }
    let before = readStats(container, context());
    const timer = setInterval(() => {
      const now = context();
      response.write(`${JSON.stringify(renderStats(container, now, before))}\n`);
      before = readStats(container, now);
      if (!isStream) response.end();
    }, STATS_EVERY_MS);
    response.setHeader('content-type', 'application/json');
    response.on('close', () => clearInterval(timer));
  }

  function read(what: string, container: SimContainer, call: EngineCall, response: ServerResponse): boolean {
    if (what === 'json') sendJson(response, renderInspected(container, context()));
    else if (what === 'logs') sendLogs(container, call, response);
    else if (what === 'stats') sendStats(container, call, response);
    else if (what === 'top' && container.state === 'running')
      sendJson(
        response,
        /\blwp\b/.test(call.params.get('ps_args') ?? '')
          ? renderThreads(container, context())
          : renderTop(container, context()),
      );
    else if (what === 'top') sendProblem(response, 409, `Container ${container.id} is not running`);
    else return false;
    return true;
  }

  function act(
    what: string,
    container: SimContainer,
    { params }: EngineCall,
  ): Promise<ControlResult> | undefined {
    const grace = Number(params.get('t') || DEFAULT_GRACE_SECONDS);
    const graceSeconds = Number.isFinite(grace) && grace >= 0 ? grace : DEFAULT_GRACE_SECONDS;
    if (what === 'start') return control.start(container);
    if (what === 'stop') return control.stop(container, graceSeconds);
    if (what === 'restart') return control.restart(container, graceSeconds);
    const signal = what === 'kill' ? parseSignal(params.get('signal') || 'KILL') : undefined;
    return signal === undefined ? undefined : control.kill(container, signal);
  }

  return (call, response) => {
    const [, wanted = '', what = ''] = /^\/containers\/([^/]+)\/([a-z]+)$/.exec(call.path) ?? [];
    if (wanted === '') return false;
    advance();
    const container = findContainer(decodeURIComponent(wanted), world);
    if (!container) {
      sendProblem(response, 404, `No such container: ${wanted}`);
      return true;
    }
    if (call.method === 'GET') return read(what, container, call, response);
    const acting = call.method === 'POST' ? act(what, container, call) : undefined;
    if (!acting) return false;
    void acting.then((result) => sendResult(result, container, response));
    return true;
  };
}

function sendResult(result: ControlResult, container: SimContainer, response: ServerResponse): void {
  if (result === 'not_running') {
    sendProblem(
      response,
      409,
      `Cannot kill container: ${container.name}: Container ${container.id} is not running`,
    );
    return;
  }
  response.statusCode = result === 'done' ? 204 : 304;
  response.end();
}

/** By id, by name, or by the beginning of an id that no other shares. */
function findContainer(wanted: string, { containers }: World): SimContainer | undefined {
  const named = containers.get(wanted.replace(/^\//, ''));
  if (named) return named;
  const alike = [...containers.values()].filter(({ id }) => id.startsWith(wanted));
  return alike.length === 1 ? alike[0] : undefined;
}
