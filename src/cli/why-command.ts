/** `stagewatch why`: everything known of one container now, the verdict and what would change it. */

import { systemClock } from '../lib/clock.js';
import { chooseColours, chooseTheme, encodeLine } from '../views/terminal/ink.js';
import { renderWhyScreen, type WhyJson } from '../views/terminal/why-screen.js';
import type { CommandContext } from './command-context.js';
import { createDaemonApi, type DaemonApiOptions } from './daemon-api.js';
import { EXIT_CODES } from './exit-codes.js';

export interface WhyOptions extends DaemonApiOptions {
  readonly json?: boolean | undefined;
  readonly ascii?: boolean | undefined;
}

const WIDTH_WITHOUT_TERMINAL = 80;
const MAX_WIDTH = 160;

/** Resolves with the exit code: 0 shown, 2 there is no such container, 3 unreachable. */
export async function why(name: string, options: WhyOptions, context: CommandContext): Promise<number> {
  const { env, isTerminal, terminal, write, writeError } = context;
  const made = createDaemonApi(options, env, systemClock);
  const answer =
    'problem' in made
      ? ({ kind: 'failed', problem: made.problem } as const)
      : await made.api.get(`/api/v1/containers/${encodeURIComponent(name)}/why`);
  if (answer.kind === 'failed') {
    writeError(`stagewatch: ${answer.problem}\n`);
    return EXIT_CODES.unreachable;
  }
  if (answer.kind === 'absent') {
    writeError(`stagewatch: there is no container ${name}; stagewatch status lists them\n`);
    return EXIT_CODES.badUsage;
  }
  if (options.json) {
    write(`${JSON.stringify(answer.data, null, 2)}\n`);
    return EXIT_CODES.ok;
  }
  const told = Number(env['COLUMNS']) || WIDTH_WITHOUT_TERMINAL;
  const lines = renderWhyScreen(answer.data as WhyJson, Math.min(MAX_WIDTH, terminal?.columns() ?? told));
  const ink = {
    colours: chooseColours({ env, isTerminal }),
    theme: chooseTheme(env),
    isAscii: options.ascii ?? false,
  };
  write(lines.map((one) => `${encodeLine(one, ink)}\n`).join(''));
  return EXIT_CODES.ok;
}
