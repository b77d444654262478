/** `stagewatch status`: the health of the pipeline in the terminal, once or watching. */

import { systemClock } from '../lib/clock.js';
import { escapeControls } from '../lib/escape-controls.js';
import { describePicture, type Picture } from '../views/picture/picture.js';
import { chooseColours, chooseTheme, encodeLine, type InkOptions } from '../views/terminal/ink.js';
import {
  describeNarrowing,
  isSameName,
  type Narrowing,
  narrowPicture,
} from '../views/terminal/narrow-picture.js';
import { renderScreen } from '../views/terminal/status-screen.js';
import { type Reading, watch } from '../views/terminal/watch.js';
import type { CommandContext } from './command-context.js';
import { createDaemonApi, type DaemonApiOptions } from './daemon-api.js';
import { EXIT_CODES } from './exit-codes.js';
import { readPicture } from './read-picture.js';

export interface StatusOptions extends DaemonApiOptions {
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly problems?: boolean | undefined;
  readonly stage?: string | undefined;
  readonly gpu?: string | undefined;
  readonly filter?: string | undefined;
  readonly ascii?: boolean | undefined;
}

const WIDTH_WITHOUT_TERMINAL = 120;
/** Beyond, lines become too long to follow with the eye. */
const MAX_WIDTH = 240;

/** Resolves with the exit code: 0 well, 1 problems or nothing that could be judged, 3 unreachable. */
export async function status(options: StatusOptions, context: CommandContext): Promise<number> {
  const made = createDaemonApi(options, context.env, systemClock);
  if ('problem' in made) return unreachable(made.problem, context);
  const read = () => readPicture(made.api);
  if (options.watch && !options.json && context.terminal) return statusWatch(options, context, read);
  if (options.watch && !options.json) {
    context.writeError('stagewatch: --watch needs a terminal; shown once\n');
  }
  const reading = await read();
  if (reading.kind === 'failed') return unreachable(reading.problem, context);
  const picture = describePicture({ ...reading.parts, nowMs: reading.atMs });
  const amiss = describeAmiss(options, picture);
  if (amiss !== undefined) {
    context.writeError(`stagewatch: ${amiss}\n`);
    return EXIT_CODES.badUsage;
  }
  if (options.json) writeJson(reading, picture, context);
  else writeOnce(picture, options, context);
  return exitCodeOf(picture);
}

/** What is asked for is not there: nothing of it is no good news. */
function describeAmiss({ stage, gpu }: StatusOptions, { flow, gpus, workers }: Picture): string | undefined {
  const stages = [
    ...new Set([...flow.stages.map(({ id }) => id), ...workers.flatMap((one) => one.stage ?? [])]),
  ];
  if (stage !== undefined && !stages.some((id) => isSameName(id, stage)))
    return `there is no stage ${stage}; there are ${stages.join(', ') || 'none yet'}`;
  const names = [...new Set([...gpus.map(({ name }) => name), ...workers.flatMap((one) => one.gpu ?? [])])];
  if (gpu !== undefined && !names.includes(gpu))
    return `there is no GPU ${gpu}; there are ${names.join(', ') || 'none known'}`;
  return undefined;
}

function unreachable(problem: string, { writeError }: CommandContext): number {
  writeError(`stagewatch: ${problem}\n`);
  return EXIT_CODES.unreachable;
}

/** Where workers cannot be judged, or none is known, no problem is no good news. */
function exitCodeOf({ sentence }: Picture): number {
  return sentence.isWell ? EXIT_CODES.ok : EXIT_CODES.problems;
}

function inkOf({ ascii }: StatusOptions, { env, isTerminal }: CommandContext): InkOptions {
  return { colours: chooseColours({ env, isTerminal }), theme: chooseTheme(env), isAscii: ascii ?? false };
}

function narrowingOf({ stage, gpu, filter }: StatusOptions): Narrowing {
  return { stage: stage ?? null, gpu: gpu ?? null, text: filter ?? '' };
}

function writeOnce(picture: Picture, options: StatusOptions, context: CommandContext): void {
  const narrowing = narrowingOf(options);
  const told = Number(context.env['COLUMNS']) || WIDTH_WITHOUT_TERMINAL;
  const rows = renderScreen(narrowPicture(picture, narrowing), {
    width: Math.min(MAX_WIDTH, context.terminal?.columns() ?? told),
    isProblemsOnly: options.problems ?? false,
    narrowedTo: describeNarrowing(narrowing),
    fault: null,
    pageRows: null,
  });
  const ink = inkOf(options, context);
  context.write(rows.map(({ line }) => `${encodeLine(line, ink)}\n`).join(''));
}

/** The fleet as the API has it, and what the picture adds to it. */
function writeJson(reading: Reading & { kind: 'read' }, picture: Picture, { write }: CommandContext): void {
  const { sentence, problems, problemCount, flow } = picture;
  const bottleneck = flow.bottleneck && { stage: flow.bottleneck.id, why: flow.bottleneck.bottleneck };
  const told = { sentence: sentence.text, isWell: sentence.isWell, problemCount, problems, bottleneck };
  const json = JSON.stringify({ ...reading.parts.fleet, ...told, recovery: reading.parts.recovery }, null, 2);
  // JSON leaves C1 controls and marks of direction as they are; escaped it says the same.
  write(`${escapeControls(json, { keepsLines: true })}\n`);
}

async function statusWatch(
  options: StatusOptions,
  context: CommandContext,
  read: () => Promise<Reading>,
): Promise<number> {
  const { terminal, onSignal, write } = context;
  if (!terminal) return EXIT_CODES.badStart;
  const ended = new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) onSignal(signal, resolve);
  });
  const picture = await watch({
    read,
    terminal: { ...terminal, columns: () => Math.min(MAX_WIDTH, terminal.columns()) },
    write,
    clock: systemClock,
    ink: inkOf(options, context),
    state: { narrowing: narrowingOf(options), isProblemsOnly: options.problems ?? false },
    ended,
  });
  return picture ? exitCodeOf(picture) : EXIT_CODES.unreachable;
}
