/** Name patterns with `*` (any run of characters) and `?` (one character), matched against whole names. */

/** Linear-time matcher: no regular expression, so no pattern can blow up. */
export function matchesGlob(pattern: string, name: string): boolean {
  let at = 0;
  let from = 0;
  let starAt = -1;
  let starFrom = 0;
  while (from < name.length) {
    if (at < pattern.length && pattern[at] === '*') {
      starAt = at++;
      starFrom = from;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[from])) {
      at++;
      from++;
    } else if (starAt >= 0) {
      // The last star swallows one more character, and the rest is tried again.
      at = starAt + 1;
      from = ++starFrom;
    } else {
      return false;
    }
  }
  while (at < pattern.length && pattern[at] === '*') at++;
  return at === pattern.length;
}

export function matchesAnyGlob(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, name));
}
