/** `stagewatch demo`: the ordinary daemon, watching a simulated pipeline over the real protocols. */

import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { type App, type ConfigReading, createApp, StartError } from '../app.js';
import { renderFault } from '../config/config-fault.js';
import { loadConfig } from '../config/load-config.js';
import type { Config } from '../config/schema.js';
import { systemClock } from '../lib/clock.js';
import { createLogger, type Logger } from '../lib/logger.js';
import type { ProfileName } from '../simulation/profile.js';
import type { CommandContext } from './command-context.js';
import { type DemoChild, type DemoNews, startDemoChild } from './demo-child.js';
import { openDemoFolder } from './demo-folder.js';
import type { SurroundingsRequest } from './demo-messages.js';
import { findPrometheus } from './demo-prometheus.js';
import {
  describeLogEntry,
  describeNews,
  renderGuide,
  renderServersOnly,
  renderStoryLine,
} from './demo-story.js';
import { EXIT_CODES } from './exit-codes.js';

export interface DemoOptions {
  readonly profile: ProfileName;
  readonly speed: number;
  readonly listen: string;
  readonly seed: number;
  /** Seconds. */
  readonly duration?: number;
  readonly recover?: boolean;
  readonly serversOnly?: boolean;
}

/** Resolves with the exit code, when nothing of the demo is left. */
export function demo(options: DemoOptions, context: CommandContext): Promise<number> {
  return options.serversOnly ? serveOnly(options, context) : demonstrate(options, context);
}

/** Everything but the daemon, for one that somebody starts beside it. */
async function serveOnly(options: DemoOptions, context: CommandContext): Promise<number> {
  const ended = endOf(options, context);
  const { folder, configFile, surroundings, dispose } = await openDemoFolder(toRequest(options));
  surroundings.beginTrouble();
  context.write(renderServersOnly({ folder, configFile, config: surroundings.config }));
  await ended;
  await dispose();
  return EXIT_CODES.ok;
}

async function demonstrate(options: DemoOptions, context: CommandContext): Promise<number> {
  const ended = endOf(options, context);
  const startedMs = systemClock.monotonicMs();
  const tell = (who: 'pipeline' | 'stagewatch', text: string): void =>
    context.write(renderStoryLine(systemClock.monotonicMs() - startedMs, who, text));
  const tellNews = (news: DemoNews): void => tell('pipeline', describeNews(news));
  const started = await startDemoChild(toRequest(options), tellNews);
  if (started.kind === 'failed') {
    context.writeError(`stagewatch demo: cannot start the simulation: ${started.problem}\n`);
    return EXIT_CODES.badStart;
  }
  const { child } = started;
  try {
    return await runDaemon({ child, options, context, ended, tell });
  } finally {
    await child.stop();
  }
}

function toRequest({ profile, speed, listen, seed, recover = false }: DemoOptions): SurroundingsRequest {
  return { profile, speed, listen, seed, isRecovering: recover };
}

interface DaemonContext {
  readonly child: DemoChild;
  readonly options: DemoOptions;
  readonly context: CommandContext;
  /** Resolves when somebody or the clock ends the demo. */
  readonly ended: Promise<unknown>;
  readonly tell: (who: 'pipeline' | 'stagewatch', text: string) => void;
}

async function runDaemon({ child, options, context, ended, tell }: DaemonContext): Promise<number> {
  const { configFile, folder, containers, workers } = child.ready;
  const read = readConfigFrom(configFile);
  const first = read();
  if (first.kind === 'faulty') {
    context.writeError(`stagewatch demo: ${first.problem}\n`);
    return EXIT_CODES.badStart;
  }
  const app = createDemoApp(first.config, read, { context, tell });
  try {
    const { port } = await app.start();
    const host = first.config.listen.host ?? '127.0.0.1';
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const { profile, speed, recover: isRecovering = false } = options;
    const prometheus = findPrometheus(context.env['PATH']);
    child.daemonStarted({ target: new URL(url).host, ...(prometheus !== undefined && { prometheus }) });
    context.write(
      renderGuide({
        url,
        folder,
        dataDir: first.config.data_dir,
        containers,
        workers,
        profile,
        speed,
        isRecovering,
        command: commandName(process.argv[1]),
      }),
    );
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    context.writeError(`stagewatch demo: ${error.message} (here: --listen)\n`);
    await app.stop();
    return EXIT_CODES.badStart;
  }
  const how = await Promise.race([ended, child.ended.then(() => 'child ended' as const)]);
  await app.stop();
  if (how !== 'child ended') return EXIT_CODES.ok;
  context.writeError('stagewatch demo: the process of the simulation has ended unexpectedly\n');
  return EXIT_CODES.badStart;
}

/** As somebody can type it in the folder they are in: an installed package is on the PATH, a checkout is not. */
function commandName(script = ''): string {
  const isInstalled = basename(script) === 'stagewatch' || script.includes('node_modules');
  return isInstalled ? 'stagewatch' : `node ${relative(process.cwd(), script)}`;
}

/** Options of the environment are meant for a real pipeline. */
function readConfigFrom(file: string): () => ConfigReading {
  return () => {
    const loaded = loadConfig({ file, env: {}, readFile: (path) => readFileSync(path, 'utf8') });
    if (loaded.kind === 'ok') return loaded;
    return { kind: 'faulty', problem: loaded.faults.map(renderFault).join('; ') };
  };
}

function createDemoApp(
  config: Config,
  readConfig: () => ConfigReading,
  { context, tell }: Pick<DaemonContext, 'context' | 'tell'>,
): App {
  return createApp({
    config,
    readConfig,
    env: {},
    clock: systemClock,
    log: createStoryLogger(tell),
    version: context.version,
  });
}

function createStoryLogger(tell: DaemonContext['tell']): Logger {
  return createLogger({
    level: 'info',
    format: 'json',
    write(line) {
      const news = describeLogEntry(JSON.parse(line) as Record<string, unknown>);
      if (news !== undefined) tell('stagewatch', news);
    },
  });
}

function endOf({ duration }: DemoOptions, { onSignal }: CommandContext): Promise<unknown> {
  return new Promise((resolve) => {
    onSignal('SIGTERM', resolve);
    onSignal('SIGINT', resolve);
    onSignal('SIGHUP', resolve);
    if (duration !== undefined) systemClock.after(duration * 1000, () => resolve('time is over'));
  });
}
