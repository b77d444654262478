/** `stagewatch report`: what a run did, from Prometheus, the journal, or both. */

import { existsSync } from 'node:fs';
import { systemClock } from '../lib/clock.js';
import { scrubCredentials } from '../lib/scrub.js';
import { createReport, type ReportOptions } from '../report/create-report.js';
import { type FailIf, parseFailIf } from '../report/fail-if.js';
import { listFigures } from '../report/figures.js';
import { NO_FACTS } from '../report/no-facts.js';
import { parseAgainst, parseMoment } from '../report/parse-moment.js';
import { createPrometheusClient, type PrometheusClient } from '../report/prometheus-client.js';
import type { ReportFormat } from '../report/report-format.js';
import type { TimeRange } from '../report/run-facts.js';
import type { CommandContext } from './command-context.js';
import { EXIT_CODES } from './exit-codes.js';
import { type AccessOptions, readAccess } from './server-access.js';

export interface ReportCommandOptions extends AccessOptions {
  readonly prometheus?: string | undefined;
  readonly journal?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly against?: string | undefined;
  readonly finalStage?: string | undefined;
  readonly format: ReportFormat;
  readonly failIf?: string | undefined;
}

const DEFAULT_JOURNAL = 'stagewatch-data';
const DEFAULT_RANGE_MS = 24 * 3_600_000;
const DEFAULT_WIDTH = 110;
const MAX_WIDTH = 160;

/** Resolves with the exit code: 0, or 1 when a condition of --fail-if holds or there is nothing to report. */
export async function report(options: ReportCommandOptions, context: CommandContext): Promise<number> {
  const read = readOptions(options, context);
  if ('problem' in read) return fail(read.problem, context);
  const result = await createReport(read.options);
  if (result.kind === 'failed') return fail(result.problem, context);
  context.write(result.text);
  if (!result.verdict?.hasFailed) return EXIT_CODES.ok;
  context.writeError(`stagewatch: the run has failed: ${result.verdict.reasons.join('; ')}\n`);
  return EXIT_CODES.problems;
}

function fail(problem: string, { writeError }: CommandContext): number {
  writeError(`stagewatch: ${problem}\n`);
  return EXIT_CODES.problems;
}

type Read = { readonly options: ReportOptions } | { readonly problem: string };

function readOptions(options: ReportCommandOptions, context: CommandContext): Read {
  const nowMs = systemClock.nowMs();
  const range = readRange(options, nowMs);
  if ('problem' in range) return range;
  const { against } = options;
  if (against !== undefined && !parseAgainst(against, range, nowMs)) {
    return { problem: `--against: expected a length of time (24h) or FROM..TO, got ${against}` };
  }
  const failIf = readFailIf(options.failIf);
  if (failIf !== null && 'problem' in failIf) return failIf;
  const prometheus = readPrometheus(options);
  if (prometheus !== null && 'problem' in prometheus) return prometheus;
  return {
    options: {
      sources: {
        prometheus: prometheus?.client ?? null,
        prometheusName: scrubCredentials(options.prometheus ?? ''),
        journalPath: journalPath(options, context),
        finalStage: options.finalStage ?? null,
      },
      range,
      isChosen: options.from !== undefined || options.to !== undefined,
      against:
        against === undefined ? null : (reported) => parseAgainst(against, reported, nowMs) ?? reported,
      failIf: failIf?.failIf ?? null,
      format: options.format,
      terminal: {
        width: Math.min(
          MAX_WIDTH,
          context.terminal?.columns() ?? (Number(context.env['COLUMNS']) || DEFAULT_WIDTH),
        ),
        hasColours: context.isTerminal && !context.env['NO_COLOR'],
      },
    },
  };
}

function readRange(
  { from, to }: ReportCommandOptions,
  nowMs: number,
): TimeRange | { readonly problem: string } {
  const toMs = to === undefined ? nowMs : parseMoment(to, nowMs);
  if (toMs === undefined) return { problem: timeProblem('--to', to) };
  const fromMs = from === undefined ? toMs - DEFAULT_RANGE_MS : parseMoment(from, nowMs);
  if (fromMs === undefined) return { problem: timeProblem('--from', from) };
  return fromMs < toMs ? { fromMs, toMs } : { problem: '--from must be before --to' };
}

function timeProblem(option: string, text: string | undefined): string {
  return `${option}: expected a time like 2026-01-31T08:00:00Z, Unix seconds, now, or how long ago (8h), got ${text ?? ''}`;
}

function readFailIf(
  text: string | undefined,
): { readonly failIf: FailIf } | { readonly problem: string } | null {
  if (text === undefined) return null;
  const names = listFigures(NO_FACTS).map(({ name }) => name);
  const reading = parseFailIf(text, names);
  return reading.kind === 'ok' ? { failIf: reading.failIf } : { problem: `--fail-if: ${reading.problem}` };
}

function readPrometheus({
  prometheus: url,
  ...options
}: ReportCommandOptions): { readonly client: PrometheusClient } | { readonly problem: string } | null {
  if (url === undefined) return null;
  if (!URL.canParse(url)) {
    return {
      problem: `--prometheus: ${scrubCredentials(url)} is no URL; expected one like http://127.0.0.1:9090`,
    };
  }
  const access = readAccess(new URL(url), options);
  return 'problem' in access ? access : { client: createPrometheusClient(url, systemClock, access) };
}

/** Named, else that of the environment, else the default where it is there. */
function journalPath({ journal }: ReportCommandOptions, { env }: CommandContext): string | null {
  const named = journal ?? env['STAGEWATCH_DATA_DIR'];
  if (named !== undefined) return named;
  return existsSync(DEFAULT_JOURNAL) ? DEFAULT_JOURNAL : null;
}
