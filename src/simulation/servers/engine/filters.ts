/** The `filters` of the Docker API: JSON of a list of values a key, or of older clients a map of them. */

export type Filters = ReadonlyMap<string, readonly string[]>;

export class BadFilterError extends Error {}

/** Throws BadFilterError where it is not understood, or has a key that is not `known`. */
export function parseFilters(text: string | null, known: readonly string[]): Filters {
  if (text === null || text === '') return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadFilterError('invalid filter: not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null) throw new BadFilterError('invalid filter');
  const filters = new Map(
    Object.entries(value).map(([key, wanted]) => [key, toValues(wanted as unknown)] as const),
  );
  const strange = [...filters.keys()].find((key) => !known.includes(key));
  if (strange !== undefined) throw new BadFilterError(`invalid filter '${strange}'`);
  return filters;
}

function toValues(wanted: unknown): readonly string[] {
  if (Array.isArray(wanted)) return wanted.map(String);
  if (typeof wanted !== 'object' || wanted === null) throw new BadFilterError('invalid filter');
  return Object.entries(wanted).flatMap(([value, isOn]) => (isOn === true ? value : []));
}

/** One of the key's values must fit; a key that is not there lets everything through. */
export function fits(filters: Filters, key: string, isFit: (wanted: string) => boolean): boolean {
  const wanted = filters.get(key);
  return wanted === undefined || wanted.length === 0 || wanted.some(isFit);
}

/** All of the key's values must fit. */
export function fitsAll(filters: Filters, key: string, isFit: (wanted: string) => boolean): boolean {
  return (filters.get(key) ?? []).every(isFit);
}
