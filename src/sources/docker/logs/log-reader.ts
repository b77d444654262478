/**
 * Searches the new lines in the logs of some workers for errors: a few containers at a time, each at most once an interval,
 * and of each the last lines only. Each line is taken once, by the time that the engine wrote before it.
 */

import type { LogsConfig } from '../../../config/logs-section.js';
import type { ContainerLook } from '../../../fleet/engine-answers.js';
import { describeError } from '../../../lib/describe-error.js';
import type { SourceContext } from '../../source.js';
import type { EngineActions } from '../engine-actions.js';
import { createLineMatcher, type StampedLine } from './match-lines.js';

export interface LogReader {
  /** Ids, the most urgent first. Never rejects, and asks nothing while the last ones asked have not answered. */
  ask(ids: readonly string[], signal: AbortSignal): Promise<void>;
}

export interface LogReaderOptions {
  readonly engine: Pick<EngineActions, 'look' | 'logs'>;
  readonly config: LogsConfig;
}

const MAX_AT_ONCE = 4;
/** In one turn, so that those at the end of the list have theirs too. */
const MAX_ASKED = 32;
const MAX_LINES = 500;
const MAX_BYTES = 256 * 1024;
/** What a container printed before it came under watch and still explains something. */
const LOOK_BACK_MS = 5 * 60_000;
/** A container whose log the engine does not tell is left alone for so long. */
const UNTOLD_REST_MS = 10 * 60_000;
/** Positions in logs of containers that were not read for so long are forgotten. */
const POSITION_KEPT_MS = 60 * 60_000;

interface Position {
  /** As the engine wrote it before the last line that was read. */
  readonly stamp: string;
  readonly readMs: number;
}

export function createLogReader({ engine, config }: LogReaderOptions, context: SourceContext): LogReader {
  const { clock, log, apply } = context;
  const matchLines = createLineMatcher(config.patterns);
  const lookBackMs = Math.max(LOOK_BACK_MS, 2 * config.interval);
  const positions = new Map<string, Position>();
  /** By id: when it may be asked again. */
  const restUntilMs = new Map<string, number>();
  let isAsking = false;
  let wasFailing = false;
  apply({ kind: 'logs-watched', patterns: Object.keys(config.patterns), cooldownMs: config.cooldown });

  /** Undefined: the engine cannot tell. */
  async function readOne(id: string): Promise<string | undefined> {
    const answer = await engine.look(id);
    if (answer.kind === 'failed') return answer.problem;
    if (answer.kind === 'gone') return undefined;
    const { look } = answer;
    const known = positions.get(id);
    const earliestMs = clock.nowMs() + look.clockAheadMs - lookBackMs;
    const fromMs = Math.max(earliestMs, known === undefined ? 0 : Date.parse(known.stamp));
    const logs = await engine.logs(look, { maxLines: MAX_LINES, maxBytes: MAX_BYTES, sinceMs: fromMs });
    if (logs.kind === 'untold') restUntilMs.set(id, clock.monotonicMs() + UNTOLD_REST_MS);
    if (logs.kind !== 'read') return logs.problem;
    take(
      look,
      logs.value.lines.map(({ text }) => text),
      known?.stamp ?? '',
    );
    return undefined;
  }

  function take({ id, clockAheadMs }: ContainerLook, texts: readonly string[], after: string): void {
    const lines: StampedLine[] = [];
    let last = after;
    for (const line of texts) {
      const { stamp, text } = splitStamp(line);
      if (stamp === undefined || stamp <= after) continue;
      if (stamp > last) last = stamp;
      lines.push({ atMs: Date.parse(stamp) - clockAheadMs, text });
    }
    if (last !== '') positions.set(id, { stamp: last, readMs: clock.monotonicMs() });
    const matches = matchLines(lines);
    if (matches.length > 0) apply({ kind: 'logs-read', readings: [{ id, matches }] });
  }

  function nextTurn(ids: readonly string[]): readonly string[] {
    const nowMs = clock.monotonicMs();
    for (const [id, untilMs] of restUntilMs) if (untilMs <= nowMs) restUntilMs.delete(id);
    for (const [id, { readMs }] of positions) if (nowMs - readMs > POSITION_KEPT_MS) positions.delete(id);
    const turn = ids.filter((id) => !restUntilMs.has(id)).slice(0, MAX_ASKED);
    for (const id of turn) restUntilMs.set(id, nowMs + config.interval);
    return turn;
  }

  return {
    async ask(ids, signal) {
      if (isAsking) return;
      isAsking = true;
      const turn = nextTurn(ids);
      let problem: string | undefined;
      for (let start = 0; start < turn.length && !signal.aborted; start += MAX_AT_ONCE) {
        const answers = await Promise.allSettled(turn.slice(start, start + MAX_AT_ONCE).map(readOne));
        for (const answer of answers)
          problem ??= answer.status === 'rejected' ? describeError(answer.reason) : answer.value;
      }
      isAsking = false;
      if (signal.aborted || turn.length === 0) return;
      if (problem !== undefined && !wasFailing)
        log.info({ problem }, 'the log of a worker cannot be searched');
      wasFailing = problem !== undefined;
    },
  };
}

const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) (.*)$/s;

/** With nine digits after the second, so that two stamps of one engine compare as texts. */
function splitStamp(line: string): { readonly stamp: string | undefined; readonly text: string } {
  const [, seconds, fraction = '', zone = '', text = ''] = STAMPED.exec(line) ?? [];
  if (seconds === undefined) return { stamp: undefined, text: line };
  return { stamp: `${seconds}.${fraction.padEnd(9, '0')}${zone}`, text };
}
