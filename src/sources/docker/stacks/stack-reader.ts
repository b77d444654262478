/**
 * Asks suspects that allow it for the stacks of their threads: sends the signal that their label names, and reads what
 * comes on their log. A container without the label is never sent a signal.
 */

import type { DumpSignal } from '../../../fleet/dump-label.js';
import { describeError } from '../../../lib/describe-error.js';
import type { SourceContext } from '../../source.js';
import type { EngineActions } from '../engine-actions.js';
import { describeStacks } from './describe-stacks.js';

export interface StackReader {
  /** Never rejects, and asks nothing while the last ones asked have not answered. The longest silent first. */
  ask(wanted: readonly StackWanted[], signal: AbortSignal): Promise<void>;
}

export interface StackWanted {
  readonly id: string;
  readonly dumpSignal: DumpSignal;
}

export type StackEngine = Pick<EngineActions, 'look' | 'logs' | 'signal'>;

const MAX_AT_ONCE = 2;
const REST_MS = 300_000;
/** A thread dump takes milliseconds, its way onto the log at times longer. */
const READ_AFTER_MS = [300, 700, 1000] as const;
const MAX_LINES = 500;
const MAX_BYTES = 256 * 1024;
/** The engine's clock is known to about a second. */
const CLOCK_SLACK_MS = 1500;

export function createStackReader(engine: StackEngine, { clock, log, apply }: SourceContext): StackReader {
  /** By id: when it may be asked again. */
  const restUntilMs = new Map<string, number>();
  let isAsking = false;

  async function readOne({ id, dumpSignal }: StackWanted): Promise<void> {
    const answer = await engine.look(id);
    if (answer.kind !== 'seen' || answer.look.state !== 'running') return;
    const { look } = answer;
    const sinceMs = clock.nowMs() + look.clockAheadMs - CLOCK_SLACK_MS;
    const sent = await engine.signal(id, dumpSignal);
    if (sent.kind !== 'read') throw new Error(sent.problem);
    for (const waitMs of READ_AFTER_MS) {
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      const logs = await engine.logs(look, { maxLines: MAX_LINES, maxBytes: MAX_BYTES, sinceMs });
      const said = logs.kind === 'read' ? logs.value.lines.map(({ text }) => withoutTime(text)) : [];
      const stacks = describeStacks(said);
      if (!stacks) continue;
      apply({ kind: 'stacks-read', atMs: clock.nowMs(), readings: [{ id, ...stacks }] });
      return;
    }
    log.info({ container: look.name, signal: dumpSignal }, 'the signal brought no stacks onto the log');
  }

  function nextTurn(wanted: readonly StackWanted[]): readonly StackWanted[] {
    const nowMs = clock.monotonicMs();
    for (const [id, untilMs] of restUntilMs) if (untilMs <= nowMs) restUntilMs.delete(id);
    const turn = wanted.filter(({ id }) => !restUntilMs.has(id)).slice(0, MAX_AT_ONCE);
    for (const { id } of turn) restUntilMs.set(id, nowMs + REST_MS);
    return turn;
  }

  return {
    async ask(wanted, signal) {
      if (isAsking || signal.aborted) return;
      isAsking = true;
      const answers = await Promise.allSettled(nextTurn(wanted).map(readOne));
      isAsking = false;
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (!failed || signal.aborted) return;
      const remedy = 'a socket proxy must allow POST /containers/…/kill with the signal of the label';
      log.warn(
        { problem: describeError(failed.reason), remedy },
        'a suspect could not be asked for its stacks',
      );
    },
  };
}

/** The engine writes the time before each line. */
function withoutTime(text: string): string {
  return text.replace(/^\d{4}-\d\d-\d\dT\S+Z /, '');
}
