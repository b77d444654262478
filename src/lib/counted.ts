/** Counts in sentences: `1 consumer`, `3 consumers`; `once`, `3 times`. */

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
