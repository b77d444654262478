/** Checks users and passwords against bcrypt hashes, as the exporter toolkit does: an unknown user takes as long as a known one. */

import type { BcryptRunner } from './bcrypt-runner.js';
import { digestOf } from './secret-digest.js';

export type PasswordVerdict = 'right' | 'wrong' | 'busy';

export interface Passwords {
  /** Whether these have been right before, and the user's hash is still the same: no work. */
  isKnown(users: ReadonlyMap<string, string>, user: string, password: string): boolean;
  check(users: ReadonlyMap<string, string>, user: string, password: string): Promise<PasswordVerdict>;
}

/** Those in use; each further one pushes out the oldest. */
const MAX_REMEMBERED = 100;
/** No password has it: the salt and hash are not of one another. */
const UNMATCHED = 'QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';

export function createPasswords({ compare }: Pick<BcryptRunner, 'compare'>): Passwords {
  /** Digests of user, hash and password that were right; the password itself is kept nowhere. */
  const right = new Set<string>();

  function remember(key: string): void {
    right.add(key);
    const [oldest] = right;
    if (right.size > MAX_REMEMBERED && oldest !== undefined) right.delete(oldest);
  }

  return {
    isKnown(users, user, password) {
      const hash = users.get(user);
      return hash !== undefined && right.has(digestOf(user, hash, password));
    },
    async check(users, user, password) {
      const known = users.get(user);
      const hash = known ?? unmatchedHash(users);
      const key = digestOf(user, hash, password);
      if (known !== undefined && right.has(key)) return 'right';
      const isSame = await compare(password, hash);
      if (isSame === undefined) return 'busy';
      if (!isSame || known === undefined) return 'wrong';
      remember(key);
      return 'right';
    },
  };
}

/** Of the highest cost in use, so that the time tells nothing about which users there are. */
function unmatchedHash(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map((hash) => Number(hash.slice(4, 6)));
  return `$2y$${String(Math.max(10, ...costs)).padStart(2, '0')}$${UNMATCHED}`;
}
