/** A daemon that is killed at random moments, again and again, while it restarts workers and sends mails. */

import { once } from 'node:events';
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
/** Lives end at a random moment up to here, most of them early: at the start there is most to get wrong. */
const LONGEST_LIFE_MS = 8000;
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
  const sink = await startSmtpSink(scope);
  const listen = '127.0.0.1:0';
  const settings = { folder, profile: '2gpu', seed: 1, speed: SPEED, isRecovering: true, listen } as const;
  const surroundings = await startSurroundings(settings);
  surroundings.beginTrouble();
  const restarts: { container: string; fault: string | undefined }[] = [];
  const proxy = await startEngineProxy(folder, join(folder, 'docker.sock'), (path) => {
    const asked = /^POST \/containers\/([^/]+)\/restart/.exec(path)?.[1];
    const container = [...surroundings.simulation.world.containers.values()].find(
      ({ id, name }) => asked === id || asked === name,
    )?.name;
    if (container !== undefined) restarts.push({ container, fault: faultAt(surroundings, container) });
    return false;
  });
  return { folder, surroundings, proxy, sink, restarts };
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
  const text = stringify({ ...config, docker: { ...docker, host: proxy.host }, alerts });
  return startDaemon({ folder, config: text, preload: PROBE });
}

async function liveAndDie(rig: Rig): Promise<void> {
  const daemon = await startLife(rig);
  await pause(LONGEST_LIFE_MS * Math.random() ** 2);
  daemon.process.kill('SIGKILL');
  await once(daemon.process, 'exit');
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

/** Findings that were open long enough, lead, and that no mail names. */
function unmailed(entries: readonly JournalEntry[], { mails }: SmtpSink): readonly JournalEntry[] {
  const texts = mails.map(({ mail }) => `${mail.subject} ${mail.text ?? ''}`);
  return entries.filter((entry) => {
    if (entry.type !== 'finding_opened' || entry['severity'] === 'info') return false;
    if (entry['consequenceOf'] !== undefined && entry['consequenceOf'] !== null) return false;
    const cleared = entries.find(
      ({ type, at, ...rest }) => type === 'finding_cleared' && rest['id'] === entry['id'] && at > entry.at,
    );
    const openMs = Number(cleared?.['openMs'] ?? Number.POSITIVE_INFINITY);
    if (openMs < MAILED_AFTER_MS) return false;
    const name = String(entry['container'] ?? entry['queue'] ?? entry['stage'] ?? entry['source'] ?? '');
    return !texts.some((text) => text.includes(String(entry['kind'])) && text.includes(name));
  });
}
