/** Decides why a job failed: the first reason of a closed list that has a pattern found in the error text. */

export const UNKNOWN_REASON = 'unknown';

/** Reasons in order of precedence, each with patterns: text to find, case ignored, `*` for any run within a line. */
export type ReasonPatterns = Readonly<Record<string, readonly string[]>>;

export type ClassifyFailure = (error: string) => string;

interface CompiledReason {
  readonly reason: string;
  readonly patterns: readonly (readonly string[])[];
}

export function createFailureClassifier(reasons: ReasonPatterns): ClassifyFailure {
  const compiled = Object.entries(reasons).map(
    ([reason, patterns]): CompiledReason => ({
      reason,
      patterns: patterns.map((pattern) => pattern.toLowerCase().split('*').filter(Boolean)),
    }),
  );
  const judge = (lines: readonly string[]): string | undefined =>
    compiled.find(({ patterns }) => patterns.some((parts) => lines.some((line) => contains(line, parts))))
      ?.reason;

  return (error) => {
    const lines = error
      .toLowerCase()
      .split('\n')
      .filter((line) => line.trim() !== '');
    // The last line of a traceback is the error itself; lines above may quote code that only mentions a timeout.
    return judge(lines.slice(-1)) ?? judge(lines) ?? UNKNOWN_REASON;
  };
}

/** All parts in order, each after the one before: linear, whatever the pattern. */
function contains(line: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const found = line.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return parts.length > 0;
}
