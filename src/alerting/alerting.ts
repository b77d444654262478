/**
 * Tells people of findings: asks the alert book after each look what is due, makes sure that the answer is on disk before
 * anything leaves, and hands it to the channels, each of which fails alone.
 */

import type { AlertChannel } from '../config/alert-routes.js';
import type { Finding } from '../detectors/finding.js';
import type { KindJudgement } from '../detectors/finding-book.js';
import type { Journal } from '../journal/journal.js';
import type { StateFile } from '../journal/state-file.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import { type GroupStanding, reviewAlerts } from './alert-book.js';
import { type AlertMemory, NO_MEMORY, readMemory } from './alert-memory.js';
import type { AlertSettings } from './alert-settings.js';
import { createAlertmanagerChannel } from './alertmanager/alertmanager-channel.js';
import { createChannel, MESSAGE_CHANNELS } from './all-channels.js';
import { type ChannelHealth, createChannelHealth, judgeChannels } from './channel-health.js';
import { createDigests, type Digests } from './digest.js';
import { createLane, type Lane, type LaneEntry, type Settled } from './lane.js';
import { type CommandsOf, createMessageMaker, type NotesOf } from './message-maker.js';
import type { Notification } from './notification.js';
import { withoutNotification } from './outbox.js';
import { createSilences, type Silences } from './silences.js';
import type { MessageChannel } from './target.js';

/** Attempts to deliver since the start of the daemon. */
export type NotificationCounts = Readonly<
  Record<AlertChannel, { readonly sent: number; readonly failed: number }>
>;

export interface Alerting {
  readonly silences: Silences;
  /** After the state file and the journal are open. */
  start(): void;
  /** After each look, with what is open. */
  review(findings: ReadonlyMap<string, Finding>): void;
  /** Channels that do not deliver. */
  ownFindings(): readonly KindJudgement[];
  setSettings(settings: AlertSettings): void;
  /** One object, replaced on change. */
  readonly counts: NotificationCounts;
  /** What was decided about each group at the last review, and what waits to be delivered. */
  readonly standings: readonly GroupStanding[];
  readonly outbox: readonly Notification[];
  readonly channels: ReadonlyMap<string, ChannelHealth>;
  /** The mail of the last 24 hours. */
  sendDigest(): void;
  stop(): Promise<void>;
}

export interface AlertingOptions {
  readonly settings: AlertSettings;
  readonly state: Pick<StateFile, 'section' | 'flush'>;
  readonly journal: Pick<Journal, 'append' | 'newest'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** What else is known of a finding: what recovery did or plans, the end of its log. */
  readonly notesOf?: NotesOf;
  readonly commandsOf?: CommandsOf;
  /** Uniform in [0, 1); injected so that tests are exact. */
  readonly random?: () => number;
}

const DAY_MS = 24 * 3_600_000;

export function createAlerting(options: AlertingOptions): Alerting {
  const { state, journal, clock, log } = options;
  let { settings } = options;
  const memoryState = state.section('alerts', 1);
  const silences = createSilences({ section: state.section('silences', 1), journal, clock });
  const maker = createMessageMaker(options);
  const alertmanager = createAlertmanagerChannel(settings, clock);
  const digests: Digests = createDigests({ journal, clock, silences });
  const health = eachChannel<ChannelHealth>((name) => createChannelHealth(name, clock));
  const lanes = eachChannel<Lane>(laneOf);
  let memory: AlertMemory = NO_MEMORY;
  let standings: readonly GroupStanding[] = [];
  let open: ReadonlyMap<string, Finding> = new Map();
  let counts: NotificationCounts = countAll();

  function laneOf(name: MessageChannel): Lane {
    return createLane({
      channel: () => createChannel(name, settings, clock),
      health: health[name],
      clock,
      log: log.child({ channel: name }),
      giveUpAfterMs: () => settings.alerts.give_up_after ?? DAY_MS,
      onSettled: (settled) => settle(name, settled),
      ...(options.random && { random: options.random }),
    });
  }

  function keep(next: AlertMemory): void {
    memory = next;
    memoryState.save(() => memory);
  }

  function settle(name: MessageChannel, { id, result, attempts, problem }: Settled): void {
    const about = memory.outbox.find((one) => one.id === id);
    const { target, reason = 'digest', kind, stage } = about ?? {};
    digests.settled(id);
    journal.append({
      type: 'notification',
      id,
      channel: name,
      to: target?.to,
      reason,
      kind,
      stage,
      result,
      attempts,
      problem,
    });
    keep({ ...memory, outbox: withoutNotification(memory.outbox, id) });
    void state.flush();
    hand();
  }

  /** What is to be sent, to whom it is to be sent. */
  function hand(): void {
    for (const name of MESSAGE_CHANNELS) {
      const entries: LaneEntry[] = memory.outbox
        .filter(({ target }) => target.channel === name)
        .map((notification) => ({
          id: notification.id,
          createdAtMs: notification.createdAtMs,
          prepare: () => maker.make(notification, settings),
        }));
      lanes[name].sync(name === 'email' ? [...entries, ...digests.waiting] : entries);
    }
  }

  function review(findings: ReadonlyMap<string, Finding>): void {
    open = findings;
    silences.review();
    const outcome = reviewAlerts(memory, {
      findings,
      isSilenced: silences.isSilenced,
      settings,
      nowMs: clock.nowMs(),
      isUnderWay: (id) => MESSAGE_CHANNELS.some((name) => lanes[name].isUnderWay(id)),
    });
    ({ standings } = outcome);
    keep(outcome.memory);
    alertmanager.tell(memory.alertmanager);
    if (outcome.decided.length === 0) return;
    for (const { id, reason, kind, target, findingCount } of outcome.decided) {
      log.info(
        { id, reason, kind, channel: target.channel, to: target.to, count: findingCount },
        'notification decided',
      );
    }
    // First on disk, then on its way: a daemon that is killed in between sends it after its next start. A full disk
    // has said so in the log, and is no reason to tell nobody.
    void state.flush().then(hand);
  }

  function countAll(): NotificationCounts {
    const instances = [...alertmanager.health.values()];
    const sum = (key: 'sent' | 'failed'): number =>
      instances.reduce((total, one) => total + one.counts[key], 0);
    return {
      ...eachChannel((name) => health[name].counts),
      alertmanager: { sent: sum('sent'), failed: sum('failed') },
    };
  }

  return {
    silences,
    start() {
      memory = readMemory(memoryState.load());
      silences.load();
      alertmanager.tell(memory.alertmanager);
      hand();
    },
    review,
    ownFindings: () => [
      judgeChannels(new Map([...Object.entries(health), ...alertmanager.health]), clock.nowMs()),
    ],
    setSettings(next) {
      settings = next;
      alertmanager.setSettings(next);
      for (const name of MESSAGE_CHANNELS) {
        health[name].forget();
        lanes[name].hurry();
      }
    },
    get counts() {
      const next = countAll();
      if (JSON.stringify(next) !== JSON.stringify(counts)) counts = next;
      return counts;
    },
    get standings() {
      return standings;
    },
    get outbox() {
      return memory.outbox;
    },
    get channels() {
      return new Map([...Object.entries(health), ...alertmanager.health]);
    },
    sendDigest() {
      digests.add(open, settings);
      hand();
    },
    async stop() {
      alertmanager.stop();
      await Promise.all(MESSAGE_CHANNELS.map((name) => lanes[name].stop()));
    },
  };
}

function eachChannel<T>(make: (name: MessageChannel) => T): Readonly<Record<MessageChannel, T>> {
  return Object.fromEntries(MESSAGE_CHANNELS.map((name) => [name, make(name)])) as Record<MessageChannel, T>;
}
