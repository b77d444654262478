/**
 * Wires the rooms together into one daemon that starts, reloads and stops.
 *
 * Long, because it is the one place where every room is handed what it needs of the others.
 */

import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { wireAlerting } from './app/alerting-wiring.js';
import { doorSettingsOf } from './app/door-settings.js';
import { createEvaluationLoop } from './app/evaluation-loop.js';
import { createFailureJournal } from './app/failure-journal.js';
import { createForeignHostWatch } from './app/foreign-host-watch.js';
import { journalOutcome } from './app/journal-outcome.js';
import { createLabelWatch } from './app/label-watch.js';
import { createLeftOutWatch } from './app/left-out-watch.js';
import { listenProblem } from './app/listen-problem.js';
import { wireRecovery } from './app/recovery-wiring.js';
import { createRoleMemory } from './app/role-memory.js';
import { createRunSummary } from './app/run-summary.js';
import { createWebFileWatch } from './app/web-file-watch.js';
import { isExposed } from './config/door-advice.js';
import type { Environment } from './config/environment.js';
import type { Config } from './config/schema.js';
import { listLogged, listPeers, listSuspects, listUnserved } from './detectors/suspects.js';
import { createClassifier } from './fleet/classify.js';
import { createFleetStore } from './fleet/fleet-store.js';
import { listGpuContainers } from './fleet/gpu-containers.js';
import { listStages } from './fleet/list-stages.js';
import type { Observation } from './fleet/observations.js';
import { createJournal } from './journal/journal.js';
import { createStateFile } from './journal/state-file.js';
import type { Clock } from './lib/clock.js';
import { describeError } from './lib/describe-error.js';
import { type DirectoryLock, lockDirectory } from './lib/directory-lock.js';
import type { Logger } from './lib/logger.js';
import { ensureWritableDirectory } from './lib/writable-directory.js';
import { ALL_FAMILY_GROUPS } from './metrics/all-families.js';
import { EXPOSITION_CONTENT_TYPE } from './metrics/exposition.js';
import { createMetricsPage } from './metrics/page.js';
import { createSelfMetrics } from './metrics/self-metrics.js';
import { createFailFast } from './recovery/fail-fast/fail-fast.js';
import { planSources } from './sources/all-sources.js';
import { createSourceSet } from './sources/source-set.js';
import { createDoor } from './views/door/door.js';
import { adviceOnPatterns, adviceOnRoles, describeFirstPicture } from './views/first-picture.js';
import { createHttpServer } from './views/http-server.js';
import { missingForReadiness } from './views/readiness.js';

/** A bad start: the message is one line that says what is wrong and what to do. */
export class StartError extends Error {}

export type ConfigReading =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'faulty'; readonly problem: string };

export interface AppOptions {
  readonly config: Config;
  /** Reads the configuration anew, for a reload. */
  readonly readConfig: () => ConfigReading;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

export interface App {
  /** Resolves with the address of the HTTP server once it listens; rejects with StartError. */
  start(): Promise<AddressInfo>;
  /** Of the HTTP server, as the web configuration file has it now. */
  readonly scheme: 'http' | 'https';
  /** Takes over a new configuration; a faulty one is refused, and the last good one stays in force. */
  reload(): Promise<{ readonly problem?: string }>;
  /** Releases everything, within 5 seconds. */
  stop(): Promise<void>;
}

/** Gauges of a source that has been down for longer than this leave the page. */
const STALE_AFTER_MS = 60_000;

export function createApp({ config: firstConfig, readConfig, env, clock, log, version }: AppOptions): App {
  let config = firstConfig;
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const state = createStateFile({
    directory: firstConfig.data_dir,
    clock,
    log: log.child({ component: 'state' }),
  });
  const journal = createJournal({
    directory: firstConfig.data_dir,
    clock,
    log: log.child({ component: 'journal' }),
  });
  const roles = createRoleMemory(store.roles, state.section('roles', 1));
  const failures = createFailureJournal({ fleet: store.fleet, journal, clock });
  const summary = createRunSummary({ fleet: store.fleet, journal, clock });
  const sources = createSourceSet({
    apply,
    forgetSource: store.forgetSource,
    suspects: () => listSuspects(evaluation.facts.verdicts, store.fleet),
    unserved: () => listUnserved(evaluation.facts.verdicts, store.fleet),
    peers: () => listPeers(evaluation.facts.verdicts, store.fleet),
    logged: () => listLogged(evaluation.facts.verdicts, store.fleet, config.logs.follow),
    gpuContainers: () => listGpuContainers(store.fleet),
    state,
    env,
    clock,
    log,
  });
  const evaluation = createEvaluationLoop({
    fleet: store.fleet,
    settings: config,
    state,
    clock,
    log: log.child({ component: 'detection' }),
    onOutcome(outcome) {
      journalOutcome(outcome, journal);
      failures.look();
      summary.look();
      recovery.look();
      alerting.review(evaluation.facts.verdicts.findings);
    },
    ownFindings: () => [...recovery.ownFindings(), ...alerting.ownFindings()],
  });
  const failFast = createFailFast({
    fleet: store.fleet,
    settings: () => config,
    journal,
    section: state.section('failure_sentinels', 1),
    waitingSection: state.section('lost_jobs', 1),
    longestJobMs: (stage) => evaluation.facts.verdicts.limits.get(stage)?.slowJobMs,
    clock,
    log: log.child({ component: 'recovery' }),
  });
  const recovery = wireRecovery({
    store,
    verdicts: () => evaluation.facts.verdicts,
    config: () => config,
    lookAtProgress: () => sources.lookNow('progress'),
    state,
    journal,
    env,
    beforeRestart: failFast.beforeRestart,
    clock,
    log,
  });
  const alerting = wireAlerting({
    config,
    state,
    journal,
    fleet: store.fleet,
    verdicts: () => evaluation.facts.verdicts,
    recovery,
    clock,
    log,
  });
  let lock: DirectoryLock | undefined;
  /** What is in data_dir is this daemon's: a start may have failed before it was. */
  let isRemembering = false;
  const labels = createLabelWatch(() => config.stages.map(({ id }) => id), log);
  let isFirstPictureTold = false;
  /** Reloads and the stop, one after the other: two signals in a row must not start a source twice. */
  let changing: Promise<unknown> = Promise.resolve();
  let isStopping = false;
  const self = createSelfMetrics(version);
  self.configReloaded(true);
  const page = createMetricsPage({
    fleet: store.fleet,
    daemon: () => ({
      ...evaluation.facts,
      journal: journal.counts,
      recovery: recovery.picture.stages,
      failureSentinels: failFast.counts,
      notifications: alerting.counts,
    }),
    groups: ALL_FAMILY_GROUPS,
    clock,
    staleAfterMs: STALE_AFTER_MS,
    renderRest: self.render,
    onLeftOut: createLeftOutWatch(self, log),
    onError: (error) => log.error({ err: error }, 'a part of /metrics failed'),
  });
  const webFile = createWebFileWatch({
    clock,
    log: log.child({ component: 'http' }),
    onRead: self.webFileRead,
  });
  const door = createDoor({
    settings: () => doorSettingsOf(config, webFile.access),
    clock,
    onUnauthorized: self.unauthorized,
    onForeignHost: createForeignHostWatch(log.child({ component: 'http' })),
  });
  const http = createHttpServer({
    fleet: store.fleet,
    verdicts: () => evaluation.facts.verdicts,
    journal,
    recovery,
    alerting,
    clock,
    log: log.child({ component: 'http' }),
    version,
    metrics: { contentType: EXPOSITION_CONTENT_TYPE, render: page.render },
    door,
    canAct: () => config.web.bearer_token !== null,
    isExposed: () => isExposed(config, webFile.access),
    tls: () => webFile.access.tls,
    reload,
  });

  function apply(observation: Observation): void {
    store.apply(observation);
    if (observation.kind === 'broker-read') roles.note();
    failFast.notice(observation);
    labels.note(observation);
    failures.note(observation);
    if (isFirstPictureTold || observation.kind !== 'source-read') return;
    if (missingForReadiness(store.fleet).length > 0) return;
    isFirstPictureTold = true;
    const picture = describeFirstPicture(store.fleet);
    log.info(picture, 'first full picture');
    const advice = adviceOnRoles(picture);
    if (advice !== undefined) log.warn(advice);
    for (const problem of adviceOnPatterns(config, store.fleet)) log.warn(problem);
  }

  async function start(): Promise<AddressInfo> {
    await ensureWritableDirectory(config.data_dir).catch((error: unknown) => {
      throw new StartError(
        `cannot write to data_dir ${config.data_dir}: ${describeError(error)}; give its owner write access or set data_dir`,
      );
    });
    await lockData();
    await Promise.all([state.open(), journal.open()]);
    roles.restore();
    isRemembering = true;
    journal.append({ type: 'daemon_started', version });
    const problem = webFile.follow(config.web.config_file);
    if (problem !== undefined) throw new StartError(problem);
    const address = await http.listen(config.listen).catch((error: unknown) => {
      throw new StartError(listenProblem(error, config));
    });
    await sources.follow(undefined, config);
    recovery.start();
    alerting.start();
    evaluation.start();
    return address;
  }

  /** Two daemons on one folder would each spend the other's budgets of restarts, and overwrite its memory. */
  async function lockData(): Promise<void> {
    const { data_dir } = config;
    const result = await lockDirectory(data_dir);
    switch (result.kind) {
      case 'held':
        throw new StartError(
          `data_dir ${data_dir} is in use by another stagewatch (${result.holder}); stop that one, or set another data_dir`,
        );
      case 'unknown':
        log.warn({ problem: result.problem }, 'cannot tell whether another stagewatch uses this data_dir');
        return;
      case 'taken':
        lock = result.lock;
    }
  }

  function reload(): Promise<{ readonly problem?: string }> {
    const next = changing.then(reloadNow);
    changing = next;
    return next;
  }

  /** Never rejects. */
  async function reloadNow(): Promise<{ readonly problem?: string }> {
    if (isStopping) return { problem: 'stagewatch is stopping' };
    const problem = await loadAnew().catch((error: unknown) => `it failed: ${describeError(error)}`);
    self.configReloaded(problem === undefined);
    if (problem === undefined) {
      journal.append({ type: 'config_loaded' });
      log.info('configuration reloaded');
      return {};
    }
    journal.append({ type: 'config_refused', problem });
    log.error({ problem }, 'configuration refused, the last good one stays in force');
    return { problem };
  }

  /** The problem in words, or undefined when the new configuration is in force. */
  async function loadAnew(): Promise<string | undefined> {
    const reading = readConfig();
    return reading.kind === 'ok' ? takeOver(reading.config) : reading.problem;
  }

  async function takeOver(next: Config): Promise<string | undefined> {
    const faulty = planSources(next, env).find((plan) => plan.kind === 'faulty');
    if (faulty) return faulty.problem;
    const problem = webFile.follow(next.web.config_file);
    if (problem !== undefined) return problem;
    for (const key of ['listen', 'data_dir', 'log'] as const) {
      if (!isDeepStrictEqual(config[key], next[key]))
        log.warn({ option: key }, 'option takes effect at the next start');
    }
    const before = config;
    config = next;
    store.reclassify(createClassifier(next));
    store.apply({ kind: 'stages-configured', stages: listStages(next) });
    evaluation.setSettings(next);
    recovery.setSettings(next);
    alerting.setSettings(next);
    await sources.follow(before, next);
    return undefined;
  }

  return {
    start,
    get scheme() {
      return webFile.access.tls ? 'https' : 'http';
    },
    reload,
    async stop() {
      isStopping = true;
      evaluation.stop();
      webFile.close();
      failFast.stop();
      await Promise.all([recovery.stop(), alerting.stop()]);
      // A reload under way starts nothing more, and ends soon.
      await Promise.all([http.close(), sources.stop(), changing]);
      if (!isRemembering) return;
      summary.close();
      journal.append({ type: 'daemon_stopped' });
      await Promise.all([state.close(), journal.close()]);
      await lock?.release();
    },
  };
}
