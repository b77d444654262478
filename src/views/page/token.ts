/** Keeps the token for this tab only, until it is closed; the daemon decides what it allows. */

const KEY = 'stagewatch-token';

export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Null forgets it. */
export function keepToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}
