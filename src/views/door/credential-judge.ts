/** Judges what the credentials of a request are worth, and holds up addresses that try one after the other. */

import type { Clock } from '../../lib/clock.js';
import { createAttempts } from './attempts.js';
import type { BcryptRunner } from './bcrypt-runner.js';
import type { Credentials } from './credentials.js';
import type { DoorSettings } from './door-settings.js';
import { createPasswords, type PasswordVerdict } from './passwords.js';
import { isSameSecret } from './secret-digest.js';

export type Standing =
  | { readonly kind: 'none' | 'wrong' | 'busy' }
  | { readonly kind: 'right'; readonly canAct: boolean }
  /** Not looked at: too many wrong ones came from its address. */
  | { readonly kind: 'wait'; readonly ms: number };

export interface CredentialJudge {
  judge(given: Credentials, address: string, settings: DoorSettings): Promise<Standing>;
  /** Something beside right credentials was wrong. */
  wasWrong(address: string): void;
}

export function createCredentialJudge(clock: Clock, bcrypt: Pick<BcryptRunner, 'compare'>): CredentialJudge {
  const attempts = createAttempts(clock);
  const passwords = createPasswords(bcrypt);

  function waitMs(given: Credentials, address: string, { access: { users } }: DoorSettings): number {
    const { token, basic } = given;
    const isKnown = token === null && basic !== null && passwords.isKnown(users, basic.user, basic.password);
    return isKnown ? 0 : attempts.waitMs(address, textOf(given));
  }

  /** A browser has no field for a token but that of the password. */
  function hasToken({ token, basic }: Credentials, { bearerToken, readToken }: DoorSettings): boolean {
    const given = [token, basic?.password].flatMap((one) => one ?? []);
    return given.map((one) => isOneOf(one, [bearerToken, readToken])).includes(true);
  }

  async function checkPassword({ basic }: Credentials, { access }: DoorSettings): Promise<PasswordVerdict> {
    if (basic === null || access.users.size === 0) return 'wrong';
    return passwords.check(access.users, basic.user, basic.password);
  }

  return {
    async judge(given, address, settings) {
      if (isEmpty(given) || !hasSecrets(settings)) return { kind: 'none' };
      const ms = waitMs(given, address, settings);
      if (ms > 0) return { kind: 'wait', ms };
      if (!hasToken(given, settings)) {
        // Charged before it is looked at: of guesses that come meanwhile none is free.
        const takeBack = attempts.wasWrong(address, textOf(given));
        const verdict = await checkPassword(given, settings);
        if (verdict === 'wrong') return { kind: 'wrong' };
        takeBack();
        if (verdict === 'busy') return { kind: 'busy' };
      }
      attempts.wasRight(textOf(given));
      return { kind: 'right', canAct: given.token !== null && isOneOf(given.token, [settings.bearerToken]) };
    },
    wasWrong: (address) => attempts.wasWrong(address),
  };
}

function isEmpty({ token, basic }: Credentials): boolean {
  return token === null && basic === null;
}

function hasSecrets({ bearerToken, readToken, access }: DoorSettings): boolean {
  return bearerToken !== null || readToken !== null || access.users.size > 0;
}

function textOf({ token, basic }: Credentials): string {
  return JSON.stringify([token, basic?.user, basic?.password]);
}

/** Compared with each of them, whichever it is. */
function isOneOf(given: string, secrets: readonly (string | null)[]): boolean {
  return secrets.map((secret) => secret !== null && isSameSecret(given, secret)).includes(true);
}
