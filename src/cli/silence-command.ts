/** `stagewatch silence`: asks the running daemon for quiet about some findings, lists what is silenced, and ends it. */

import { systemClock } from '../lib/clock.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { escapeControls } from '../lib/escape-controls.js';
import type { CommandContext } from './command-context.js';
import { createDaemonApi } from './daemon-api.js';
import { type PostOptions, postToDaemon, whoAsks } from './daemon-post.js';
import { EXIT_CODES } from './exit-codes.js';

export interface SilenceAddOptions extends PostOptions {
  readonly kind?: string;
  readonly container?: string;
  readonly stage?: string;
  readonly queue?: string;
  readonly gpu?: string;
  readonly severity?: string;
  readonly for: string;
  readonly comment?: string;
  readonly by?: string;
}

interface SilenceJson {
  readonly id: string;
  readonly matchers: Readonly<Record<string, string>>;
  readonly endsAt: string;
  readonly by: string;
  readonly comment: string;
  readonly isActive: boolean;
  /** Of a new one: how many open findings it keeps quiet. An older daemon does not say. */
  readonly fitsOpen?: number;
}

const FIELDS = ['kind', 'container', 'stage', 'queue', 'gpu', 'severity'] as const;
const TIME_LIMIT_MS = 10_000;

export async function addSilence(options: SilenceAddOptions, context: CommandContext): Promise<number> {
  const matchers = Object.fromEntries(
    FIELDS.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])),
  );
  const { for: duration, comment = '', by = whoAsks(context.env) } = options;
  const body = { matchers, duration, by, comment };
  return ask({ path: '/api/v1/silences', body }, options, context, (silence) => [
    `${silence.id}  ${describe(silence)}`,
    ...sayFits(silence),
    `To end it before: stagewatch silence expire ${silence.id}`,
  ]);
}

export async function expireSilence(
  id: string,
  options: PostOptions,
  context: CommandContext,
): Promise<number> {
  const path = `/api/v1/silences/${encodeURIComponent(id)}/expire`;
  return ask({ path, body: { by: whoAsks(context.env) } }, options, context, () => [
    `${id} has ended; what is still open of what it silenced is told now.`,
  ]);
}

export async function listSilences(options: PostOptions, context: CommandContext): Promise<number> {
  const { env, write, writeError } = context;
  const daemon = createDaemonApi(options, env, systemClock);
  const answer = 'problem' in daemon ? daemon : await daemon.api.get('/api/v1/silences');
  if (!('kind' in answer) || answer.kind !== 'ok') {
    const problem = 'problem' in answer ? answer.problem : 'the daemon knows no silences; it is older';
    writeError(`stagewatch: ${problem}\n`);
    return EXIT_CODES.failed;
  }
  const active = (answer.data as readonly SilenceJson[]).filter(({ isActive }) => isActive);
  for (const silence of active) write(`${silence.id}  ${escapeControls(describe(silence))}\n`);
  if (active.length === 0) write('Nothing is silenced.\n');
  return EXIT_CODES.ok;
}

async function ask(
  request: { readonly path: string; readonly body: object },
  options: PostOptions,
  { env, write, writeError }: CommandContext,
  say: (silence: SilenceJson) => readonly string[],
): Promise<number> {
  const answer = await postToDaemon({ ...request, timeLimitMs: TIME_LIMIT_MS }, options, env);
  if (answer.kind === 'failed') {
    writeError(`stagewatch: ${answer.problem}\n`);
    return EXIT_CODES.failed;
  }
  write(
    `${say(answer.data as SilenceJson)
      .map((line) => escapeControls(line))
      .join('\n')}\n`,
  );
  return EXIT_CODES.ok;
}

function sayFits({ fitsOpen }: SilenceJson): readonly string[] {
  if (fitsOpen === undefined) return [];
  if (fitsOpen === 0) return ['No open finding fits it now; it is for what comes.'];
  return [`It keeps ${counted(fitsOpen, 'open finding')} quiet.`];
}

/** `kind=WorkerStuck container=paddle-*  for 1h59m more  by ann: new disk` */
function describe({ matchers, endsAt, by, comment }: SilenceJson): string {
  const what = Object.entries(matchers).map(([field, pattern]) => `${field}=${pattern}`);
  const left = formatDuration(Math.max(0, Date.parse(endsAt) - Date.now()));
  const why = comment === '' ? '' : `: ${comment}`;
  return `${what.join(' ')}  for ${left} more  by ${by || 'nobody'}${why}`;
}
