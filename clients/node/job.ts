/** One job: its progress file while it runs, and the sentinel that ends it. */

import { setTimeout as pause } from 'node:timers/promises';
import { checkFolders } from './check-folders.js';
import { errorCode, errorText, removeFile } from './files.js';
import { createProgressFile, progressFolder, type Warn, workerName } from './progress-file.js';
import {
  checkPattern,
  describeStack,
  describeThrown,
  FAILED_SUFFIX,
  placeSuccess,
  sentinelPath,
  writeFailure,
} from './sentinel.js';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const GIVE_UP_CHECK_MS = 100;
/** Errors that no waiting cures: the name itself cannot be a file. */
const HOPELESS = new Set(['ENAMETOOLONG', 'EINVAL', 'EISDIR', 'ENOTDIR', 'ELOOP']);

export interface JobOptions {
  readonly document?: string | undefined;
  readonly stage?: string | undefined;
  /** Path of the success sentinel; may hold `{document}` and `{stage}`. */
  readonly sentinel?: string | undefined;
  /** Folder of progress files; without it `STAGEWATCH_PROGRESS_DIR`, else /run/pipeline/progress if it is there. */
  readonly progress?: string | undefined;
  /** The container's name; without it `STAGEWATCH_NAME`, else `HOSTNAME`. */
  readonly name?: string | undefined;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  /** That the job came from; by it stagewatch knows the queue of the stage. */
  readonly queue?: string | undefined;
  /** Sentinels are on the disk before they appear (true). */
  readonly durable?: boolean | undefined;
  readonly warn?: Warn | undefined;
}

export interface JobFacts {
  readonly document?: string | undefined;
  readonly stage?: string | undefined;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  readonly message?: string | undefined;
}

/** What a handler is given to say how far it is. */
export interface JobReporter {
  readonly document: string | undefined;
  readonly stage: string | undefined;
  /** True once the process was asked to end: save what is done and return, or throw. */
  readonly stopping: boolean;
  /** Shows the job at once; called again, adds what is known by now. */
  start(facts?: JobFacts): void;
  /** `count` more units are done; the file follows within about a second. */
  step(count?: number, message?: string): void;
  /** Sets how far it is, where the count is known rather than the step. */
  progress(done: number, total?: number, message?: string): void;
  /** Adds to what the success sentinel says. */
  result(data: Readonly<Record<string, unknown>>): void;
  /** Around a step that cannot report: the file is written again every `everyMs`, which shows that the process lives. */
  heartbeat<T>(work: () => Promise<T>, options?: { message?: string; everyMs?: number }): Promise<T>;
}

export interface EndOptions {
  /** A full disk is waited out for so long, milliseconds (0). */
  readonly patienceMs?: number;
  readonly giveUp?: () => boolean;
  readonly reason?: string;
}

export interface Job extends JobReporter {
  /** The path of the success sentinel; throws UsageError while its document is not known. */
  sentinel(): string | undefined;
  /** Writes the success sentinel and removes the progress file; rejects with the system's error. */
  succeed(options?: EndOptions): Promise<void>;
  /** Writes the failure sentinel and removes the progress file. Never undoes a success that is there. */
  fail(error: unknown, options?: EndOptions): Promise<void>;
  /** Ends without a sentinel: only the progress file is removed. */
  close(): Promise<void>;
  requestStop(): void;
  /** Removes the failure sentinel of an earlier attempt: this one has begun. */
  forgetFailure(): Promise<void>;
  /** Rejects with UsageError when progress or sentinels cannot be written where they should go. */
  checkFolders(): Promise<void>;
}

/** Runs `work` as one job: its end writes the success sentinel, what it throws the failure sentinel (and goes on). */
export async function runJob<T>(options: JobOptions, work: (job: JobReporter) => Promise<T> | T): Promise<T> {
  const job = createJob(options);
  await job.checkFolders();
  await job.forgetFailure();
  job.start();
  try {
    const value = await work(job);
    if (isData(value)) job.result(value);
    await job.succeed();
    return value;
  } catch (error) {
    await job.fail(error);
    throw error;
  } finally {
    await job.close();
  }
}

/** Something that a sentinel can say. */
export function isData(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function createJob(options: JobOptions = {}): Job {
  const { sentinel: pattern, durable = true, warn = warnOnStderr } = options;
  if (pattern !== undefined) checkPattern(pattern);
  const name = workerName(options.name);
  const folder = progressFolder(options.progress);
  const file = folder === undefined ? undefined : createProgressFile(folder, name, warn);
  const stage = options.stage || process.env['STAGEWATCH_STAGE'] || undefined;
  const { document, queue, total, unit } = options;
  const known = { document, stage, total, unit };
  const state = { ...known, message: undefined as string | undefined, done: undefined as number | undefined };
  let startedAtMs: number | undefined;
  let result: Record<string, unknown> = {};
  let isStopping = false;
  let isOver = false;

  const sentinel = (): string | undefined =>
    pattern === undefined
      ? undefined
      : sentinelPath(pattern, { document: state.document, stage: state.stage });

  function sentinelOrWarn(): string | undefined {
    try {
      return sentinel();
    } catch (error) {
      warn(`no sentinel for this job: ${errorText(error)}`);
      return undefined;
    }
  }

  /** Of an earlier attempt. */
  async function removeOldFailure(path: string): Promise<void> {
    await removeFile(path + FAILED_SUFFIX).catch((error: unknown) =>
      warn(`of the failure before: ${errorText(error)}`),
    );
  }

  function times(): Record<string, unknown> {
    return {
      ...(startedAtMs !== undefined && { started_at: new Date(startedAtMs).toISOString() }),
    };
  }

  async function close(): Promise<void> {
    if (isOver) return;
    isOver = true;
    await file?.end();
  }

  /** Holds the job until its end is written: work that is done is not to be done again for a full disk. */
  async function patiently(
    write: () => Promise<void>,
    { patienceMs = 0, giveUp }: EndOptions,
  ): Promise<void> {
    const endMs = performance.now() + patienceMs;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      try {
        await write();
        return;
      } catch (error) {
        const leftMs = endMs - performance.now();
        if (HOPELESS.has(errorCode(error) ?? '') || leftMs <= 0 || giveUp?.()) throw error;
        warn(`cannot write the sentinel of ${state.document}, trying again: ${errorText(error)}`);
        state.message = `done, but its sentinel cannot be written: ${errorText(error)}`;
        file?.changed();
        const retryAtMs = performance.now() + Math.min(retryMs, leftMs);
        while (performance.now() < retryAtMs && !giveUp?.()) await pause(GIVE_UP_CHECK_MS);
      }
    }
  }

  return {
    get document() {
      return state.document;
    },
    get stage() {
      return state.stage;
    },
    get stopping() {
      return isStopping;
    },
    start(facts = {}) {
      for (const key of ['document', 'stage', 'unit', 'message'] as const)
        state[key] = facts[key] ?? state[key];
      state.total = facts.total ?? state.total;
      if (facts.total !== undefined) state.done ??= 0;
      if (isOver) return;
      if (startedAtMs !== undefined) {
        file?.writeNow();
        return;
      }
      const beganMs = Date.now();
      startedAtMs = beganMs;
      file?.begin(() => ({ name, queue, state: 'running', ...state, started_at: beganMs / 1000 }));
    },
    step(count = 1, message) {
      state.done = (state.done ?? 0) + count;
      if (message !== undefined) state.message = message;
      file?.changed();
    },
    progress(done, total, message) {
      state.done = done;
      state.total = total ?? state.total;
      state.message = message ?? state.message;
      file?.changed();
    },
    result(data) {
      result = { ...result, ...data };
    },
    async heartbeat(work, { message, everyMs = 10_000 } = {}) {
      state.message = message ?? state.message;
      file?.beat(everyMs);
      try {
        return await work();
      } finally {
        file?.beat(undefined);
      }
    },
    sentinel,
    async succeed(end = {}) {
      const path = sentinelOrWarn();
      const { document } = state;
      const content = {
        document,
        stage: state.stage,
        worker: name,
        ...times(),
        finished_at: new Date().toISOString(),
      };
      if (path !== undefined)
        await patiently(() => placeSuccess(path, { ...content, ...result }, durable), end);
      // Beside each other: each call waits for a thread of the pool.
      await Promise.all([path !== undefined && removeOldFailure(path), close()]);
    },
    async fail(error, end = {}) {
      const path = sentinelOrWarn();
      const failure = { error: typeof error === 'string' ? error : describeThrown(error), worker: name };
      const { document } = state;
      const more = { document, stage: state.stage, ...times(), traceback: describeStack(error) };
      await patiently(async () => {
        if (path === undefined) return;
        const isWritten = await writeFailure(
          path,
          { ...failure, reason: end.reason },
          { more, isDurable: durable },
        );
        if (!isWritten) warn(`${path} is there: the failure of this run is not written: ${failure.error}`);
      }, end);
      await close();
    },
    close,
    requestStop() {
      isStopping = true;
    },
    async forgetFailure() {
      if (pattern === undefined || (state.document === undefined && pattern.includes('{document}'))) return;
      const path = sentinelOrWarn();
      if (path !== undefined) await removeOldFailure(path);
    },
    checkFolders: () => checkFolders(file, pattern),
  };
}

function warnOnStderr(message: string): void {
  process.stderr.write(`stagewatch: ${message}\n`);
}
