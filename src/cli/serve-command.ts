/** `stagewatch serve`: runs the daemon until a signal ends it. */

import { existsSync, readFileSync } from 'node:fs';
import { type App, type ConfigReading, createApp, StartError } from '../app.js';
import { renderFault } from '../config/config-fault.js';
import { loadConfig } from '../config/load-config.js';
import type { Config } from '../config/schema.js';
import { systemClock } from '../lib/clock.js';
import { createLogger, type Logger } from '../lib/logger.js';
import { planSources } from '../sources/all-sources.js';
import type { CommandContext } from './command-context.js';
import { EXIT_CODES } from './exit-codes.js';

export interface ServeOptions {
  readonly config?: string | undefined;
}

const DEFAULT_FILE = 'stagewatch.yaml';
/** A stop that takes longer is cut off; what is left is released by the end of the process. */
const STOP_LIMIT_MS = 4500;

/** Resolves with the exit code. */
export async function serve(options: ServeOptions, context: CommandContext): Promise<number> {
  const file =
    options.config ??
    context.env['STAGEWATCH_CONFIG'] ??
    (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const read = () => loadConfig({ file, env: context.env, readFile: (path) => readFileSync(path, 'utf8') });
  const loaded = read();
  if (loaded.kind === 'faulty') {
    for (const fault of loaded.faults) context.writeError(`${renderFault(fault)}\n`);
    return EXIT_CODES.badConfiguration;
  }
  const faulty = planSources(loaded.config, context.env).filter((plan) => plan.kind === 'faulty');
  if (faulty.length > 0) {
    for (const { problem } of faulty) context.writeError(`stagewatch: ${problem}\n`);
    return EXIT_CODES.badConfiguration;
  }
  const log = createServeLogger(loaded.config, context);
  for (const warning of loaded.warnings) log.warn(warning);
  const readConfig = (): ConfigReading => {
    const result = read();
    if (result.kind === 'ok') return result;
    return { kind: 'faulty', problem: result.faults.map(renderFault).join('; ') };
  };
  const app = createApp({
    config: loaded.config,
    readConfig,
    env: context.env,
    clock: systemClock,
    log,
    version: context.version,
  });
  log.info({ version: context.version, config: file ?? 'defaults, no file' }, 'stagewatch starts');
  return run(app, log, context);
}

function createServeLogger({ log: { level, format } }: Config, context: CommandContext): Logger {
  const chosen = format === 'auto' ? (context.isTerminal ? 'text' : 'json') : format;
  return createLogger({ level, format: chosen, write: context.write });
}

async function run(app: App, log: Logger, { writeError, onSignal }: CommandContext): Promise<number> {
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    onSignal('SIGTERM', resolve);
    onSignal('SIGINT', resolve);
  });
  onSignal('SIGHUP', () => void app.reload());
  try {
    const { address, port, family } = await app.start();
    const host = family === 'IPv6' ? `[${address}]` : address;
    log.info({ url: `${app.scheme}://${host}:${port}/` }, 'listening');
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    writeError(`stagewatch: ${error.message}\n`);
    await app.stop();
    return EXIT_CODES.badStart;
  }
  const signal = await ended;
  log.info({ signal }, 'stopping');
  const timedOut = new Promise<'late'>((resolve) => systemClock.after(STOP_LIMIT_MS, () => resolve('late')));
  if ((await Promise.race([app.stop(), timedOut])) === 'late') log.warn('stop took too long and was cut off');
  log.info('stopped');
  return EXIT_CODES.ok;
}
