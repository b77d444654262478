/** `stagewatch check-config`: names every fault of a configuration, each with its place. */

import { readFileSync } from 'node:fs';
import { renderFault } from '../config/config-fault.js';
import { loadConfig } from '../config/load-config.js';
import { planSources } from '../sources/all-sources.js';
import type { CommandContext } from './command-context.js';
import { EXIT_CODES } from './exit-codes.js';

export interface CheckConfigOptions {
  /** Warnings are faults too. */
  readonly strict?: boolean | undefined;
}

export function checkConfig(
  file: string,
  { strict = false }: CheckConfigOptions,
  { env, write, writeError }: CommandContext,
): number {
  const loaded = loadConfig({ file, env, readFile: (path) => readFileSync(path, 'utf8') });
  if (loaded.kind === 'faulty') {
    for (const fault of loaded.faults) writeError(`${renderFault(fault)}\n`);
    return EXIT_CODES.badConfiguration;
  }
  const faulty = planSources(loaded.config, env).filter((plan) => plan.kind === 'faulty');
  for (const { problem } of faulty) writeError(`${file}: ${problem}\n`);
  for (const warning of loaded.warnings) writeError(`warning: ${warning}\n`);
  if (faulty.length > 0 || (strict && loaded.warnings.length > 0)) return EXIT_CODES.badConfiguration;
  write(`${file}: no faults\n`);
  return EXIT_CODES.ok;
}
