/** Compares version numbers as programs tell theirs. */

export type Version = readonly [major: number, minor: number, patch: number];

/** Undefined where `version` is no version. */
export function isOlderThan(version: string, [major, minor, patch]: Version): boolean | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  if (!match) return undefined;
  const [one, two, three] = [match[1], match[2], match[3] ?? '0'].map(Number);
  if (one !== major) return Number(one) < major;
  if (two !== minor) return Number(two) < minor;
  return Number(three) < patch;
}
