/** `stagewatch silence`: asks the running daemon for quiet about some findings, lists what is silenced, and ends it. */

import { userInfo } from 'node:os';
import { formatDuration } from '../lib/duration.js';
import type { CommandContext } from './command-context.js';
import { DaemonError, type DaemonOptions, daemonAt } from './daemon-client.js';
import { EXIT_CODES } from './exit-codes.js';

export interface SilenceAddOptions extends DaemonOptions {
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
}

const FIELDS = ['kind', 'container', 'stage', 'queue', 'gpu', 'severity'] as const;

export async function addSilence(options: SilenceAddOptions, context: CommandContext): Promise<number> {
  return told(context, async () => {
    const matchers = Object.fromEntries(
      FIELDS.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])),
    );
    const { for: duration, comment = '', by = userName() } = options;
    const body = { matchers, duration, by, comment };
    const silence = (await daemonAt(options, context).post('/api/v1/silences', body)) as SilenceJson;
    context.write(`${silence.id}  ${describe(silence)}\n`);
    context.write(`To end it before: stagewatch silence expire ${silence.id}\n`);
  });
}

export async function listSilences(options: DaemonOptions, context: CommandContext): Promise<number> {
  return told(context, async () => {
    const silences = (await daemonAt(options, context).get('/api/v1/silences')) as readonly SilenceJson[];
    const active = silences.filter(({ isActive }) => isActive);
    for (const silence of active) context.write(`${silence.id}  ${describe(silence)}\n`);
    if (active.length === 0) context.write('Nothing is silenced.\n');
  });
}

export async function expireSilence(
  id: string,
  options: DaemonOptions,
  context: CommandContext,
): Promise<number> {
  return told(context, async () => {
    const path = `/api/v1/silences/${encodeURIComponent(id)}/expire`;
    await daemonAt(options, context).post(path, { by: userName() });
    context.write(`${id} has ended; what is still open of what it silenced is told now.\n`);
  });
}

async function told({ writeError }: CommandContext, run: () => Promise<void>): Promise<number> {
  try {
    await run();
    return EXIT_CODES.ok;
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    writeError(`stagewatch: ${error.message}\n`);
    return EXIT_CODES.badStart;
  }
}

/** `kind=WorkerStuck container=paddle-*  for 1h59m more  by ann: new disk` */
function describe({ matchers, endsAt, by, comment }: SilenceJson): string {
  const what = Object.entries(matchers).map(([field, pattern]) => `${field}=${pattern}`);
  const left = formatDuration(Math.max(0, Date.parse(endsAt) - Date.now()));
  const why = comment === '' ? '' : `: ${comment}`;
  return `${what.join(' ')}  for ${left} more  by ${by || 'nobody'}${why}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need have no name.
    return '';
  }
}
