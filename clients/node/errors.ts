/** What the kit throws, each with words that say what to do. */

/** The kit is used in a way that cannot work; the message names the remedy. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure sentinel appeared: the message is its text. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed';
  /** The success sentinel that was waited for. */
  readonly path: string;
  readonly worker: string | undefined;

  constructor(error: string, path: string, worker?: string) {
    super(error);
    this.path = path;
    this.worker = worker;
  }
}

/** No sentinel appeared in time. */
export class WaitTimeout extends Error {
  override readonly name = 'WaitTimeout';
  readonly missing: readonly string[];

  constructor(message: string, missing: readonly string[]) {
    super(message);
    this.missing = missing;
  }
}
