/** A daemon that is killed at random moments, again and again, while it restarts workers and sends mails. */

import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { JournalEntry } from '../../src/journal/journal-entry.js';
import { readJournal } from '../../src/journal/read-journal.js';
import { type Surroundings, startSurroundings } from '../../src/simulation/servers/surroundings.js';
import { type Daemon, startDaemon } from '../../test/support/daemon.js';
import { type EngineProxy, startEngineProxy } from '../../test/support/engine-proxy.js';
import { type SmtpSink, startSmtpSink } from '../../test/support/smtp-sink.js';
import type { FireRow, Outcome } from './target.js';
import type { TickAnswer } from './tick-probe.js';

const KILLS = Number(process.env['KILLS'] ?? 1000);
const SPEED = 60;
/** Of a daemon run: long enough to be sure that a worker hangs, without which none is restarted. */
const LONGEST_LIFE_MS = 45_000;
/** Most runs end within this time of asking for a restart or beginning a mail: there is most to get wrong. */
const AFTER_MOMENT_MS = 200;
/** The others end at a random moment of their own. */
const RANDOM_SHARE = 0.4;
/** A worker hangs each so often, of one stage after the other, until it is restarted. */
const HANG_EVERY_MS = 15_000;
const STAGES = ['G3_02', 'G2_00', 'G5_00', 'G3_00', 'G4_00', 'G2_01'];
const MAX_HANGS = 500;
const FOREVER_MS = 1e10;
/** The last life is left in peace until all that waits is delivered. */
const PEACE_MS = 60_000;
/** A finding that was open for so long has outlived the wait for others of its group. */
const MAILED_AFTER_MS = 15_000;
const PROBE = new URL('./tick-probe.js', import.meta.url);

export const FAULT_ROWS: readonly FireRow[] = [{ name: 'kills', attack: killAgainAndAgain }];

interface Rig {
  readonly folder: string;
  readonly surroundings: Surroundings;
  readonly proxy: EngineProxy;
  readonly sink: SmtpSink;
  /** Restarts that the engine was asked for, and what of the pipeline's faults asked for them. */
  readonly restarts: readonly { readonly container: string; readonly fault: string | undefined }[];
  /** `moment`: a restart was asked for, or a mail begun. */
  readonly moments: EventEmitter;
}

async function killAgainAndAgain(): Promise<Outcome> {
  const cleanups: (() => unknown)[] = [];
  const scope = { after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never;
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-kills-'));
  try {
    const rig = await startRig(folder, scope);
    cleanups.push(
      () => rig.surroundings.stop(),
      () => rig.proxy.close(),
    );
    for (let kill = 0; kill < KILLS; kill++) await liveAndDie(rig);
    const ticks = await lastLife(rig);
    return judge(rig, await readJournal({ path: join(folder, 'data'), fromMs: 0, toMs: Infinity }), ticks);
  } finally {
    for (const task of cleanups) await task();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startRig(folder: string, scope: Parameters<typeof startSmtpSink>[0]): Promise<Rig> {
  const moments = new EventEmitter();
  const sink = await startSmtpSink(scope, {
    onMailFrom(_address, _session, done) {
      moments.emit('moment');
      done();
    },
  });
  const listen = '127.0.0.1:0';
  const settings = { folder, profile: '2gpu', seed: 1, speed: SPEED, isRecovering: true, listen } as const;
  const surroundings = await startSurroundings(settings);
  const { nowMs } = surroundings.simulation;
  surroundings.simulation.schedule(
    Array.from({ length: MAX_HANGS }, (_, hang) => {
      const atMs = nowMs + (hang + 1) * HANG_EVERY_MS * SPEED;
      return { kind: 'hang', atMs, healAtMs: atMs + FOREVER_MS, stage: STAGES[hang % STAGES.length] ?? '' };
    }),
  );
  const restarts: { container: string; fault: string | undefined }[] = [];
  const proxy = await startEngineProxy(folder, join(folder, 'docker.sock'), (path) => {
    const asked = /^POST \/containers\/([^/]+)\/restart/.exec(path)?.[1];
    const container = [...surroundings.simulation.world.containers.values()].find(
      ({ id, name }) => asked === id || asked === name,
    )?.name;
    if (container !== undefined) {
      restarts.push({ container, fault: faultAt(surroundings, container) });
      moments.emit('moment');
    }
    return false;
  });
  return { folder, surroundings, proxy, sink, restarts, moments };
}

/** What strikes the container now. */
function faultAt({ simulation }: Surroundings, name: string): string | undefined {
  const { nowMs, truth } = simulation;
  return truth.find(
    ({ container, members, atMs, endedAtMs = nowMs }) =>
      (container === name || members?.includes(name) === true) && atMs <= nowMs && endedAtMs >= nowMs,
  )?.kind;
}

function startLife({ folder, surroundings, proxy, sink }: Rig): Promise<Daemon> {
  const { listen: _, data_dir: __, docker, ...config } = surroundings.config;
  const alerts = {
    email: { smtp_url: `smtp://127.0.0.1:${sink.port}`, to: ['ops@example.com'] },
    group_wait: '2s',
  };
  // Budgets are not what is tried here.
  const recovery = { ...config.recovery, container_budget: 100, fleet_budget: 1000 };
  const text = stringify({ ...config, docker: { ...docker, host: proxy.host }, alerts, recovery });
  return startDaemon({ folder, config: text, preload: PROBE });
}

async function liveAndDie(rig: Rig): Promise<void> {
  const daemon = await startLife(rig);
  if (Math.random() < RANDOM_SHARE) await pause(LONGEST_LIFE_MS * Math.random() ** 2);
  else await Promise.race([pause(LONGEST_LIFE_MS), untilMoment(rig.moments)]);
  daemon.process.kill('SIGKILL');
  await once(daemon.process, 'exit');
}

async function untilMoment(moments: EventEmitter): Promise<void> {
  await once(moments, 'moment');
  await pause(AFTER_MOMENT_MS * Math.random());
}

async function lastLife(rig: Rig): Promise<TickAnswer> {
  const daemon = await startLife(rig);
  await pause(PEACE_MS);
  daemon.process.send('ticks');
  const [answer] = (await once(daemon.process, 'message')) as [TickAnswer];
  await daemon.stop();
  return answer;
}

function judge(
  { restarts, sink }: Rig,
  { entries, badLines }: { readonly entries: readonly JournalEntry[]; readonly badLines: number },
  { worstMs, peakRssMb }: TickAnswer,
): Outcome {
  const unneeded = restarts.filter(({ fault }) => fault === undefined);
  const ids = sink.mails.map(({ mail }) => mail.messageId);
  const repeated = ids.length - new Set(ids).size;
  const lost = unmailed(entries, sink);
  const started = entries.filter(({ type }) => type === 'daemon_started').length;
  for (const { container } of unneeded) console.error(`restarted though nothing struck it: ${container}`);
  for (const { at, id } of lost) console.error(`no mail of: ${String(id)} (${at})`);
  return {
    done: `kill -9 at ${KILLS} random moments, with recovery and mails, at speed ${SPEED}`,
    held:
      `${restarts.length} restarts, ${unneeded.length} of a worker that nothing struck; ` +
      `${ids.length} mails, ${repeated} of them sent again under the same Message-ID, ${lost.length} findings without one; ` +
      `${entries.length} journal lines of ${started} daemon runs, ${badLines} broken`,
    isHeld: unneeded.length === 0 && lost.length === 0 && badLines === 0,
    worstTickMs: worstMs,
    peakRssMb,
  };
}

/** Findings that lead and were open long enough, as the journal says at their end, and that no mail names. */
function unmailed(entries: readonly JournalEntry[], { mails }: SmtpSink): readonly JournalEntry[] {
  const texts = mails.map(({ mail }) => `${mail.subject} ${mail.text ?? ''}`);
  const followers = new Set(
    entries.flatMap(({ type, id, consequenceOf }) =>
      type === 'finding_opened' && typeof consequenceOf === 'string' ? [String(id)] : [],
    ),
  );
  return entries.filter(({ type, id, kind, openMs, container, queue, stage, source }) => {
    if (type !== 'finding_cleared' || Number(openMs) < MAILED_AFTER_MS) return false;
    if (followers.has(String(id)) || String(kind).startsWith('Progress')) return false;
    const name = String(container ?? queue ?? stage ?? source ?? '');
    return !texts.some((text) => text.includes(String(kind)) && text.includes(name));
  });
}
