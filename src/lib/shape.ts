/**
 * Reads fields out of JSON of unknown shape, naming the place that is wrong.
 *
 * For answers that come hundreds at a time, where a schema library would take most of the time; configuration goes
 * through zod.
 */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The message names the place: `State.Status: expected text, got a number`. */
export class ShapeError extends Error {
  constructor(path: string, expected: string, value: unknown) {
    super(`${path}: expected ${expected}, got ${kindOf(value)}`);
    this.name = 'ShapeError';
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return `a ${typeof value}`;
}

export function asRecord(value: unknown, path: string): JsonRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShapeError(path, 'an object', value);
  }
  return value as JsonRecord;
}

export function asText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new ShapeError(path, 'text', value);
  return value;
}

export function asNumber(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(path, 'a number', value);
  return value;
}

export function asBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw new ShapeError(path, 'true or false', value);
  return value;
}

export function asList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(path, 'a list', value);
  return value;
}

/** Undefined where the field is missing or null, else as `read` reads it. */
export function optional<T>(
  value: unknown,
  path: string,
  read: (value: unknown, path: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path);
}
