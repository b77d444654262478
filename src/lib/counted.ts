/** Counts in sentences: `1 consumer`, `3 consumers`; `once`, `3 times`. */

export function counted(count: number, noun: string): string {
  return `${count} ${plural(count, noun)}`;
}

/** The noun alone, as it stands behind that many. */
export function plural(count: number, noun: string): string {
  if (count === 1) return noun;
  if (noun.endsWith('s')) return `${noun}es`;
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

export function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
