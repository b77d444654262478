/** Asks the daemon's API, and says what came of it as a value. */

export type Answer<T> =
  | { readonly kind: 'ok'; readonly data: T }
  /** The daemon answered, and said no; `problem` is its sentence. */
  | { readonly kind: 'refused'; readonly status: number; readonly problem: string }
  | { readonly kind: 'unreachable' };

const TIME_LIMIT_MS = 10_000;
/** A restart waits for the container to stop and start. */
const ACTION_LIMIT_MS = 90_000;

export function askFor<T>(path: string): Promise<Answer<T>> {
  return ask(path, { cache: 'no-store', signal: AbortSignal.timeout(TIME_LIMIT_MS) });
}

export function tell<T>(path: string, token: string, body: object): Promise<Answer<T>> {
  return ask(path, {
    method: 'POST',
    headers: { ...showToken(token), 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ACTION_LIMIT_MS),
  });
}

/** Not as `Authorization`, which the browser fills where a user and password are asked for. */
export function showToken(token: string | null): Readonly<Record<string, string>> {
  return token === null ? {} : { 'x-stagewatch-token': token };
}

interface Envelope<T> {
  readonly status?: string;
  readonly data?: T;
  readonly error?: string;
}

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const response = await fetch(path, init);
    const body = (await response.json()) as Envelope<T>;
    if (body.status === 'success') return { kind: 'ok', data: body.data as T };
    const problem = body.error ?? `the daemon answered ${response.status}`;
    return { kind: 'refused', status: response.status, problem };
  } catch {
    // A broken connection and a broken body are the same to whoever looks: the daemon tells nothing.
    return { kind: 'unreachable' };
  }
}
