/** `stagewatch restart`: asks the daemon to restart one worker, by its rules, and says what it decided and why. */

import { escapeControls } from '../lib/escape-controls.js';
import { scrubCredentials } from '../lib/scrub.js';
import type { CommandContext } from './command-context.js';
import { type PostOptions, postToDaemon, whoAsks } from './daemon-post.js';
import { EXIT_CODES } from './exit-codes.js';

export interface RestartOptions extends PostOptions {
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly why?: string | undefined;
}

/** Longer than the longest stop timeout with its margin: the daemon answers when the container runs again. */
const TIME_LIMIT_MS = 12 * 60_000;

/** Resolves with the exit code: 0 when it was restarted, or would be. */
export async function restart(
  container: string,
  options: RestartOptions,
  { env, write, writeError }: CommandContext,
): Promise<number> {
  const body = {
    dryRun: options.dryRun === true,
    force: options.force === true,
    by: whoAsks(env),
    ...(options.why !== undefined && { why: options.why }),
  };
  const path = `/api/v1/containers/${encodeURIComponent(container)}/restart`;
  const answer = await postToDaemon({ path, body, timeLimitMs: TIME_LIMIT_MS }, options, env);
  if (answer.kind === 'failed') {
    writeError(`stagewatch: ${answer.problem}\n`);
    return EXIT_CODES.failed;
  }
  const { lines, isDone } = describeAnswer(container, answer.data);
  const print = isDone ? write : writeError;
  // A document is named by whoever writes progress files.
  print(`${lines.map((line) => escapeControls(scrubCredentials(line))).join('\n')}\n`);
  return isDone ? EXIT_CODES.ok : EXIT_CODES.failed;
}

interface Told {
  readonly lines: readonly string[];
  readonly isDone: boolean;
}

function describeAnswer(container: string, data: unknown): Told {
  const { decision, reason, text, result, evidence, cost } = (data ?? {}) as Readonly<
    Record<string, unknown>
  >;
  const costText = (cost as { readonly text?: unknown } | null | undefined)?.text;
  const more = [
    ...(typeof costText === 'string' ? [`  cost: ${costText}`] : []),
    ...(typeof evidence === 'string' ? [`  evidence: ${evidence} in the daemon's data_dir`] : []),
  ];
  const said = typeof text === 'string' ? text : 'no reason given';
  switch (result) {
    case 'started':
      return { lines: [`${container}: ${said}`, ...more], isDone: true };
    case 'dry_run':
      return { lines: [`${container}: dry run, ${said}`, ...more], isDone: true };
    case 'failed':
      return { lines: [`${container}: the restart failed: ${said}`, ...more], isDone: false };
    case 'aborted':
      return { lines: [`${container}: given up at the last look: ${said}`, ...more], isDone: false };
    default: {
      const hint = HARD.has(String(reason)) ? [] : ['  --force restarts it all the same'];
      const head = `${container}: not restarted (${String(decision)}, ${String(reason)}): ${said}`;
      return { lines: [head, ...more, ...hint], isDone: false };
    }
  }
}

/** What no force lifts. */
const HARD = new Set(['in_flight', 'one_at_a_time', 'cannot_remember', 'no_container', 'supervised']);
