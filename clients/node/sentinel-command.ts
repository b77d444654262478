/**
 * `stagewatch sentinel wait|done|fail`: the fail-fast pattern for the shell and any language. A program of its own, which
 * loads nothing of the daemon; clients/sh/sentinel.sh does the same without Node.js.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { JobFailed, UsageError, WaitTimeout } from './errors.js';
import { errorText } from './files.js';
import { writeFailure, writeSuccess } from './sentinel.js';
import { waitForSentinels } from './wait.js';

const EXIT = { ok: 0, failed: 1, usage: 2, timedOut: 4 } as const;
/** The end of an error says most, and a whole log must not become one. */
const MAX_ERROR_BYTES = 8000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const SENTINEL_USAGE = `usage:
  stagewatch sentinel wait [--timeout 2h] [--all|--any] PATH...
      ends when each PATH (--any: one of them) is there, and prints those; ends at once on PATH.failed, with its
      error on standard error. Exit status: 0 there, 1 failed, 4 timed out
  stagewatch sentinel done PATH [--data JSON|-]
      writes PATH, makes folders, removes PATH.failed
  stagewatch sentinel fail PATH --error TEXT|- [--worker NAME] [--reason REASON]
      writes PATH.failed; refused (1) when PATH is there, because a failure undoes no success
  - is standard input
`;

const OPTIONS = {
  timeout: { type: 'string' },
  all: { type: 'boolean' },
  any: { type: 'boolean' },
  data: { type: 'string' },
  error: { type: 'string' },
  worker: { type: 'string' },
  reason: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const OPTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  wait: ['timeout', 'all', 'any'],
  done: ['data'],
  fail: ['error', 'worker', 'reason'],
};

type Values = Readonly<Partial<Record<string, string | boolean>>>;

/** Resolves with the exit status. */
export async function runSentinelCommand(args: readonly string[]): Promise<number> {
  try {
    return await act(args);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`stagewatch sentinel: ${error.message}\n${SENTINEL_USAGE}`);
      return EXIT.usage;
    }
    process.stderr.write(`${error instanceof JobFailed ? '' : 'stagewatch sentinel: '}${errorText(error)}\n`);
    return error instanceof WaitTimeout ? EXIT.timedOut : EXIT.failed;
  }
}

async function act(args: readonly string[]): Promise<number> {
  const { action, paths, values } = parse(args);
  if (values['help'] === true) {
    process.stdout.write(SENTINEL_USAGE);
    return EXIT.ok;
  }
  if (action === 'wait') return waitFor(paths, values);
  const [path = '', ...others] = paths;
  if (path === '' || others.length > 0) throw new UsageError(`${action} takes one path`);
  return action === 'done' ? succeed(path, values) : fail(path, values);
}

interface Parsed {
  readonly action: string;
  readonly paths: readonly string[];
  readonly values: Values;
}

function parse(args: readonly string[]): Parsed {
  let parsed: { readonly values: Values; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(errorText(error));
  }
  const [action = '', ...paths] = parsed.positionals;
  const allowed = OPTIONS_OF[action];
  if (parsed.values['help'] === true) return { action, paths, values: parsed.values };
  if (!allowed) throw new UsageError(action === '' ? 'no action' : `no action '${action}'`);
  const foreign = Object.keys(parsed.values).find((name) => !allowed.includes(name));
  if (foreign !== undefined) throw new UsageError(`${action} takes no --${foreign}`);
  return { action, paths, values: parsed.values };
}

async function waitFor(paths: readonly string[], values: Values): Promise<number> {
  if (values['all'] === true && values['any'] === true) throw new UsageError('--all or --any, not both');
  const timeout = values['timeout'];
  const there = await waitForSentinels(paths, {
    timeoutMs: typeof timeout === 'string' ? parseDuration(timeout) : undefined,
    any: values['any'] === true,
  });
  process.stdout.write(`${there.join('\n')}\n`);
  return EXIT.ok;
}

function parseDuration(text: string): number {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text))
    throw new UsageError(`--timeout ${text}: expected a duration such as 30s, 10m, 2h or 1h30m`);
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return totalMs;
}

async function succeed(path: string, values: Values): Promise<number> {
  const given = values['data'];
  if (typeof given !== 'string') {
    await writeSuccess(path, { finished_at: now() });
    return EXIT.ok;
  }
  const text = given === '-' ? readFileSync(0, 'utf8') : given;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    // What is wrong with it is said below.
    data = undefined;
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new UsageError('--data: expected a JSON object');
  await writeSuccess(path, data as Record<string, unknown>);
  return EXIT.ok;
}

async function fail(path: string, values: Values): Promise<number> {
  const given = values['error'];
  if (typeof given !== 'string')
    throw new UsageError('fail needs --error TEXT, or --error - for standard input');
  const raw = given === '-' ? readFileSync(0) : Buffer.from(given);
  // Colours and other control characters of a log would reach the terminal of a person.
  const error = raw
    .subarray(-MAX_ERROR_BYTES)
    .toString('utf8')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .trim();
  const { STAGEWATCH_NAME, HOSTNAME } = process.env;
  const worker = text(values['worker']) ?? text(STAGEWATCH_NAME) ?? text(HOSTNAME);
  const reason = text(values['reason']);
  const isWritten = await writeFailure(
    path,
    { error: error || 'no error given', ...(worker && { worker }), ...(reason && { reason }) },
    { failedAt: now() },
  );
  if (isWritten) return EXIT.ok;
  process.stderr.write(
    `stagewatch sentinel: ${path} is there: the job succeeded, and a failure undoes no success\n`,
  );
  return EXIT.failed;
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** To the second, as `date` in a shell has it. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
