/** Compares plain data (records, lists, scalars) field by field, at a fraction of what a general comparison costs. */

export function isSameData(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const fields = one as Readonly<Record<string, unknown>>;
  const others = other as Readonly<Record<string, unknown>>;
  const keys = Object.keys(fields);
  if (keys.length !== Object.keys(others).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(others, key) || !isSameData(fields[key], others[key])) return false;
  }
  return true;
}
