/** Knows which problems nobody is told of for now, and says until when. */

import { parseTime } from '../picture/format.js';
import type { Problem } from '../picture/problems.js';
import type { SilenceJson } from './page-json.js';

/** A sentence; null while people are told of it. */
export function silenceOf(problem: Problem, silences: readonly SilenceJson[]): string | null {
  const found = silences.find((one) => one.isActive !== false && matches(one, problem));
  if (!found) return null;
  const endsAtMs = parseTime(found.endsAt);
  const until = endsAtMs === null ? '' : ` until ${new Date(endsAtMs).toLocaleTimeString()}`;
  const by = found.by ? ` by ${found.by}` : '';
  return `Silenced${until}${by}${found.comment ? `: ${found.comment}` : '.'}`;
}

function matches({ matchers }: SilenceJson, problem: Problem): boolean {
  const told = Object.entries(matchers ?? {});
  const facts: Readonly<Record<string, string | null>> = {
    kind: problem.kind,
    severity: problem.severity,
    container: problem.container,
    stage: problem.stage,
    gpu: problem.gpu,
    queue: queueOf(problem),
  };
  return told.length > 0 && told.every(([name, glob]) => fits(glob, facts[name] ?? ''));
}

/** What a silence of just this problem asks for. */
export function matchersFor(problem: Problem): Readonly<Record<string, string>> {
  const { kind, container, stage, gpu } = problem;
  const queue = queueOf(problem);
  const subject = { ...(queue && { queue }), ...(stage && { stage }), ...(gpu && { gpu }) };
  return { kind, ...(container ? { container } : subject) };
}

function queueOf({ who }: Problem): string | null {
  return who.startsWith('queue ') ? who.slice('queue '.length) : null;
}

/** `*` stands for any text, `?` for one character. */
function fits(glob: string, text: string): boolean {
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(text);
}
