/** Groups failures that are alike: numbers, addresses, paths, names in quotes and documents are no difference. */

import type { FailureGroup } from './run-facts.js';

export interface Failure {
  readonly stage: string | null;
  readonly document: string | null;
  readonly worker: string | null;
  readonly reason: string;
  readonly error: string;
}

const MAX_EXAMPLES = 3;

export function groupFailures(failures: readonly Failure[]): readonly FailureGroup[] {
  const groups = new Map<string, Failure[]>();
  for (const failure of failures) {
    const key = JSON.stringify([failure.reason, signatureOf(failure.error, failure.document)]);
    const group = groups.get(key);
    if (group) group.push(failure);
    else groups.set(key, [failure]);
  }
  return [...groups.values()]
    .map((members) => describe(members))
    .toSorted((one, other) => other.count - one.count || one.signature.localeCompare(other.signature));
}

function describe(members: readonly Failure[]): FailureGroup {
  const [first] = members;
  const present = (values: readonly (string | null)[]): readonly string[] =>
    [...new Set(values.filter((value) => value !== null))].toSorted();
  // Of different workers, as far as there are some.
  const byWorker = new Map(members.toReversed().map((member) => [member.worker, member]));
  const examples = [...byWorker.values()].toReversed().slice(0, MAX_EXAMPLES);
  return {
    reason: first?.reason ?? 'other',
    signature: signatureOf(first?.error ?? '', first?.document ?? null),
    count: members.length,
    stages: present(members.map(({ stage }) => stage)),
    workers: present(members.map(({ worker }) => worker)).length,
    examples: examples.map(({ document, worker, error }) => ({ document, worker, error })),
  };
}

/** `CUDA error at 0x7f31: tried to allocate 512 MiB` → `CUDA error at <address>: tried to allocate N MiB`. */
export function signatureOf(error: string, document: string | null): string {
  const general = error
    .replaceAll(/\b0x[0-9a-f]+\b/gi, '<address>')
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>')
    .replaceAll(/(?:\/[\w.@+-]+){2,}\/?/g, '<path>');
  const named = document === null || document === '' ? general : general.replaceAll(document, '<document>');
  return (
    named
      .replaceAll(/"[^"]*"|'[^']*'/g, '"…"')
      .replaceAll(/\b[0-9a-f]{12,}\b/gi, '<id>')
      .replaceAll(/\d+(?:[.,]\d+)*/g, 'N')
      .replaceAll(/\s+/g, ' ')
      .trim() || 'no error text'
  );
}
