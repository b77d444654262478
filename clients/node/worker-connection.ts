/** A worker of a RabbitMQ queue: one job at a time, however long, settled once and only on the channel it came on. */

import { setTimeout as pause } from 'node:timers/promises';
import { beginAttempt, endAttempts } from './attempts.js';
import { errorText } from './files.js';
import { createThreadHandler, type ThreadHandler } from './handler-thread.js';
import { createJob, isData, type Job } from './job.js';
import { createLedger, type Outcome, type Settlement } from './ledger.js';
import { createLink } from './link.js';
import { type Delivery, type Message, readMessage } from './message.js';
import { workerName } from './progress-file.js';
import { describeThrown, exists, FAILED_SUFFIX, readFailure } from './sentinel.js';
import { brokerUrl, checkNumbers, checkOptions, DEFAULTS, type WorkerOptions } from './worker-options.js';

export interface WorkerConnection {
  /** Works until `stop` or SIGTERM; false when the handler did not return within `stopTimeoutMs`. */
  run(): Promise<boolean>;
  /** Takes no more messages, finishes the job in hand within `stopTimeoutMs`; called twice: at once. */
  stop(): void;
}

const CLOSE_LIMIT_MS = 5000;
const IDLE_CHECK_MS = 20;

/** Throws UsageError for what cannot work. */
export function createWorkerConnection(given: WorkerOptions): WorkerConnection {
  const options = { ...DEFAULTS, ...given };
  checkOptions(options);
  checkNumbers({ ...options });
  const log = options.log ?? logOnStderr;
  const warn = (text: string): void => log('warn', text);
  const stage = options.stage || process.env['STAGEWATCH_STAGE'] || undefined;
  const name = workerName(options.name);
  const ledger = createLedger();
  const link = createLink(
    {
      url: brokerUrl(options.url),
      queue: options.queue,
      prefetch: options.prefetch,
      name,
      heartbeatS: options.heartbeatS,
      declare: options.declare,
    },
    { opened, delivered, lost },
  );
  let thread: ThreadHandler | undefined;
  let current: Job | undefined;
  let trouble: string | undefined;
  let isStopping = false;
  let isHurried = false;
  let stopped: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const stopWait = new AbortController();

  function opened(epoch: number): void {
    ledger.opened(epoch);
    log(
      'info',
      `${trouble === undefined ? 'consuming from' : 'consuming again from'} queue ${options.queue}`,
    );
    trouble = undefined;
  }

  function lost(why: string, pauseMs: number): void {
    const hadJob = ledger.lost();
    const seconds = (pauseMs / 1000).toFixed(1);
    if (why !== trouble)
      log(
        'error',
        `no connection to queue ${options.queue}: ${why}; trying again in ${seconds} s, until it works`,
      );
    trouble = why;
    if (hadJob)
      warn('the job in hand goes on; the broker delivers its message again, and it is not run twice');
  }

  function delivered(delivery: Delivery): void {
    if (isStopping) {
      link.settle(delivery, 'requeue');
      return;
    }
    const message = readMessage(delivery, options.documentField);
    const verdict = ledger.delivered(message);
    if (verdict.kind === 'ended') tell([verdict.settlement]);
    else if (verdict.kind === 'queued') work();
    else {
      const what = message.document ?? message.messageId;
      warn(`${what} was delivered again while it runs here: settled when that ends, not run twice`);
    }
  }

  function tell(settled: readonly Settlement[]): void {
    for (const { message, outcome } of settled) link.settle(message.delivery, outcome);
  }

  function work(): void {
    const message = isStopping ? undefined : ledger.next();
    if (!message) return;
    const job = newJob(message);
    current = job;
    void runOne(message, job).then((outcome) => {
      // The stop has given it up meanwhile, and settled it.
      if (current !== job) return;
      tell(ledger.ended(outcome));
      current = undefined;
      work();
    });
  }

  function newJob(message?: Message): Job {
    return createJob({
      document: message?.document,
      stage: stage ?? message?.stage ?? options.queue,
      sentinel: options.sentinel,
      progress: options.progress,
      name,
      queue: options.queue,
      durable: options.durable,
      warn,
    });
  }

  async function runOne(message: Message, job: Job): Promise<Outcome> {
    try {
      return await runMessage(message, job);
    } catch (error) {
      // A fault of the kit must neither end the process nor ack the message.
      log('error', `a job could not be ended as it should: ${describeThrown(error)}`);
      await pause(options.retryDelayMs, undefined, { signal: stopWait.signal }).catch(() => undefined);
      return 'requeue';
    } finally {
      await job.close();
    }
  }

  async function runMessage(message: Message, job: Job): Promise<Outcome> {
    let path: string | undefined;
    try {
      path = job.sentinel();
    } catch (error) {
      if (message.document !== undefined) {
        log('error', `a message is rejected, as its sentinel could never be written: ${errorText(error)}`);
        return 'reject';
      }
      // The handler may know the document; see start().
    }
    const known = path !== undefined && message.redelivered ? await knownEnd(path) : undefined;
    if (known !== undefined) {
      log('info', `${known} of ${job.document}: its sentinel says how it ended`);
      return known;
    }
    const { maxDeliveries } = options;
    const attempt = await beginAttempt(path, message, maxDeliveries !== undefined);
    if (maxDeliveries !== undefined && attempt > maxDeliveries) {
      const error = `given up: begun ${attempt - 1} times and never ended, maxDeliveries is ${maxDeliveries}`;
      return endFailed(job, error);
    }
    if (!options.lateAck) tell(ledger.settleEarly());
    job.start();
    await job.forgetFailure();
    try {
      const result = await handle(message, job);
      if (isData(result)) job.result(result);
    } catch (error) {
      return onError(job, attempt, error);
    }
    return endDone(job);
  }

  async function handle(message: Message, job: Job): Promise<unknown> {
    if (typeof options.handler === 'function') return options.handler(message, job);
    thread ??= createThreadHandler(options.handler);
    return thread.run(message, job);
  }

  async function endDone(job: Job): Promise<Outcome> {
    try {
      await job.succeed({ patienceMs: options.sentinelPatienceMs, giveUp: () => isStopping });
    } catch (error) {
      log('error', `done, but its sentinel could not be written; its message goes back: ${errorText(error)}`);
      return 'requeue';
    }
    await forgetAttempts(job);
    return 'ack';
  }

  async function onError(job: Job, attempt: number, error: unknown): Promise<Outcome> {
    // Given up by the stop: its message is on its way to another worker, which will say how it ends.
    if (current !== job) return 'requeue';
    const { retry, lateAck, maxDeliveries = 0 } = options;
    const wantsRetry = typeof retry === 'function' ? retry(error) : retry;
    if (wantsRetry && lateAck && attempt < maxDeliveries) {
      warn(`attempt ${attempt} of ${job.document} failed, it is tried again: ${describeThrown(error)}`);
      await job.close();
      await pause(options.retryDelayMs, undefined, { signal: stopWait.signal }).catch(() => undefined);
      return 'requeue';
    }
    log('error', `the job of ${job.document} failed: ${describeThrown(error)}`);
    return endFailed(job, error);
  }

  async function endFailed(job: Job, error: unknown): Promise<Outcome> {
    try {
      await job.fail(error, { patienceMs: options.sentinelPatienceMs, giveUp: () => isStopping });
    } catch (problem) {
      log(
        'error',
        `failed, but its sentinel could not be written; its message goes back: ${errorText(problem)}`,
      );
      return 'requeue';
    }
    await forgetAttempts(job);
    return 'reject';
  }

  async function forgetAttempts(job: Job): Promise<void> {
    if (options.maxDeliveries !== undefined) await endAttempts(pathOf(job));
  }

  async function drain(): Promise<boolean> {
    tell(ledger.giveBack());
    await Promise.race([link.cancel(), pause(CLOSE_LIMIT_MS, undefined, { ref: false })]);
    if (current) {
      log(
        'info',
        `asked to stop: ${current.document ?? 'the job in hand'} may take ${options.stopTimeoutMs} ms more`,
      );
      current.requestStop();
    }
    const endMs = performance.now() + options.stopTimeoutMs;
    while (current && !isHurried && performance.now() < endMs) await pause(IDLE_CHECK_MS);
    const isIdle = current === undefined;
    if (!isIdle) await abandon();
    await link.close(CLOSE_LIMIT_MS);
    await thread?.terminate();
    return isIdle;
  }

  async function abandon(): Promise<void> {
    const job = current;
    current = undefined;
    tell(ledger.ended('requeue'));
    const consequence = options.lateAck
      ? 'its message goes back to the queue'
      : 'its message was acked before, so it failed';
    log(
      'error',
      `the handler did not return within stopTimeoutMs (${options.stopTimeoutMs}): ${consequence}; look at job.stopping in long loops, or raise stopTimeoutMs and the container's stop_grace_period`,
    );
    const ended = options.lateAck ? job?.close() : job?.fail('the worker was stopped before the job ended');
    await ended?.catch((error: unknown) => log('error', `its end cannot be written: ${errorText(error)}`));
  }

  function stop(): void {
    isHurried = isStopping;
    isStopping = true;
    stopWait.abort();
    stopped();
  }

  return {
    stop,
    async run() {
      await newJob().checkFolders();
      const signals = ['SIGTERM', 'SIGINT'] as const;
      for (const signal of signals) process.on(signal, stop);
      link.start();
      await asked;
      const isDrained = await drain();
      for (const signal of signals) process.off(signal, stop);
      return isDrained;
    },
  };
}

/** How a message that comes again ended, if the worker before could say so but not tell the broker. */
async function knownEnd(path: string): Promise<Outcome | undefined> {
  if (await exists(path)) return 'ack';
  const said = await readFailure(path + FAILED_SUFFIX);
  // stagewatch writes one for a worker that died: then the job has not ended, and this is its next attempt.
  return said?.worker !== undefined && said.writtenBy !== 'stagewatch' ? 'reject' : undefined;
}

function pathOf(job: Job): string | undefined {
  try {
    return job.sentinel();
  } catch {
    // Its document never became known; that was said when its end was to be written.
    return undefined;
  }
}

function logOnStderr(level: string, text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${level.toUpperCase()} stagewatch ${text}\n`);
}
