/**
 * Reads now and then how much CPU time containers have used: from control groups, else from the engine for suspects. Of
 * suspects that use none the engine is asked also what they take in and give out.
 * Of the few that detection asks for it also reads the connections, what the processes of quiet suspects wait for, and what
 * stands in their logs.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DockerConfig } from '../../config/docker-section.js';
import type { DumpSignal } from '../../fleet/dump-label.js';
import type { Timer } from '../../lib/clock.js';
import { describeError } from '../../lib/describe-error.js';
import type { SourceContext } from '../source.js';
import { type CgroupReading, createCgroupReader, type RunningContainer } from './cgroup-reader.js';
import type { DockerClient } from './docker-client.js';
import type { LogReader } from './logs/log-reader.js';
import { readOwnedPorts } from './port-reader.js';
import { createProcessReader } from './processes/process-reader.js';
import { readSockets } from './socket-reader.js';
import { createStackReader, type StackEngine } from './stacks/stack-reader.js';
import { createStatsReader, type StatsClient } from './stats-reader.js';

export interface CpuReader {
  /** Reads until the function that it gives is called; nothing that fails here is a failure of the source. */
  follow(engine: CpuEngine): () => void;
}

export interface CpuEngine {
  readonly client: StatsClient & Pick<DockerClient, 'isPodman'>;
  running(): readonly RunningContainer[];
  /** Name of the container that has the address on a network of the engine. */
  nameOf(address: string): string | undefined;
  /** By which signal the container prints its stacks; undefined: it must not be sent any. */
  dumpSignalOf(id: string): DumpSignal | undefined;
}

export interface CpuReaderOptions {
  readonly config: Pick<DockerConfig, 'cpu_interval' | 'cgroup_root'>;
  /** The engine is reached over the network, so its containers may well be those of another host. */
  readonly isRemote: boolean;
  /** Absent: nothing is asked for its stacks. */
  readonly stackEngine?: StackEngine;
  /** Absent: no log is searched. */
  readonly logs?: LogReader;
}

/** Between two slices timers and sockets get their turn: this many files take some milliseconds. */
const SLICE = 250;
/** One empty look may have hit a container between its end and the word of it. */
const EMPTY_LOOKS = 2;
const MAX_CONNECTIONS_READ = 20;
/** Connections to a broker live long: the next ones have their turn at the next reading. */
const PORTS_AT_ONCE = 40;

export function createCpuReader(
  { config, isRemote, stackEngine, logs }: CpuReaderOptions,
  context: SourceContext,
): CpuReader {
  const { clock, log, apply, suspects, unserved, logged, peers } = context;
  const root = config.cgroup_root;
  const cgroups = root === null ? undefined : createCgroupReader({ root });
  const stats = createStatsReader(context);
  const processes = createProcessReader(context, isRemote);
  const stacks = stackEngine && createStackReader(stackEngine, context);
  let emptyLooks = 0;
  let isProblemTold = false;

  function judgeLook(wanted: number, found: number, problem: unknown): void {
    if (found > 0) {
      if (emptyLooks >= EMPTY_LOOKS) log.info({ cgroup_root: root }, 'CPU time is read from control groups');
      emptyLooks = 0;
    } else if (wanted > 0 && ++emptyLooks === EMPTY_LOOKS) {
      const remedy =
        'in a container, mount /sys/fs/cgroup of the host and set docker.cgroup_root to where it is';
      const fields = { cgroup_root: root, ...(problem !== undefined && { problem: describeError(problem) }) };
      const message = 'no control group of any container found, CPU time is known of suspects only';
      if (isRemote) log.info(fields, message);
      else log.warn({ ...fields, remedy }, message);
    }
    if (problem !== undefined && found > 0 && !isProblemTold) {
      isProblemTold = true;
      log.warn({ problem: describeError(problem) }, 'CPU time of some containers cannot be read');
    }
  }

  /** Gives those whose time is still unknown. */
  async function readCgroups(
    running: readonly RunningContainer[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const unread = new Set(running.map(({ id }) => id));
    if (!cgroups) return unread;
    cgroups.keepOnly(unread);
    let problem: unknown;
    for (let start = 0; start < running.length && !signal.aborted; start += SLICE) {
      if (start > 0) await nextTurn();
      const slice: CgroupReading = cgroups.read(running.slice(start, start + SLICE), clock.monotonicMs());
      problem ??= slice.problem;
      for (const { id } of slice.readings) unread.delete(id);
      if (slice.readings.length > 0)
        apply({ kind: 'cpu-read', atMs: clock.nowMs(), readings: slice.readings });
    }
    if (!signal.aborted) judgeLook(running.length, running.length - unread.size, problem);
    return unread;
  }

  /** They are small files of the kernel, and few: a stage of many idle workers is looked at in part. */
  function readConnections(running: readonly RunningContainer[]): void {
    const wanted = new Set((unserved?.() ?? []).slice(0, MAX_CONNECTIONS_READ));
    if (wanted.size === 0 || isRemote) return;
    const readings = running.flatMap(({ id, cgroup: { pid } }) =>
      pid !== undefined && wanted.has(id) ? (readSockets({ id, pid }) ?? []) : [],
    );
    apply({ kind: 'sockets-read', atMs: clock.nowMs(), readings });
  }

  let portsTurn = 0;

  /** The broker names who is on the host's network by loopback and a port. */
  function readPorts(running: readonly RunningContainer[]): void {
    const onHost = running.flatMap(({ id, isOnHostNetwork, cgroup: { pid } }) =>
      isOnHostNetwork && pid !== undefined ? [{ id, pid }] : [],
    );
    if (onHost.length === 0 || isRemote) return;
    if (portsTurn >= onHost.length) portsTurn = 0;
    const readings = readOwnedPorts(onHost.slice(portsTurn, portsTurn + PORTS_AT_ONCE));
    portsTurn += PORTS_AT_ONCE;
    if (readings.length > 0) apply({ kind: 'ports-read', readings });
  }

  return {
    follow({ client, running, nameOf, dumpSignalOf }) {
      const ended = new AbortController();
      const { signal } = ended;
      let timer: Timer | undefined;

      async function look(): Promise<void> {
        const unread = await readCgroups(running(), signal);
        if (signal.aborted) return;
        const wanted = (suspects?.() ?? []).filter(({ id, isQuiet }) => isQuiet || unread.has(id));
        const ids = wanted.map(({ id }) => id);
        void stats.ask(client, { ids, isCpuUnknown: (id) => unread.has(id) }, signal);
        const quiet = wanted.filter(({ isQuiet }) => isQuiet).map(({ id }) => id);
        // Podman runs ps in the container: a hung worker would seem to use CPU, and be found stuck never.
        if (!client.isPodman) {
          const beside = quiet.length > 0 ? (peers?.() ?? []) : [];
          void processes.ask(client, { ids: [...quiet, ...beside], nameOf }, signal);
        }
        const asked = quiet.flatMap((id) => {
          const dumpSignal = dumpSignalOf(id);
          return dumpSignal ? { id, dumpSignal } : [];
        });
        void stacks?.ask(asked, signal);
        void logs?.ask(logged?.() ?? [], signal);
        readConnections(running());
        readPorts(running());
      }

      function begin(): void {
        look()
          // Only a programmer's error comes here.
          .catch((error: unknown) => log.error({ err: error }, 'reading CPU time failed'))
          .finally(() => {
            if (!signal.aborted) timer = clock.after(config.cpu_interval, begin);
          });
      }

      begin();
      return () => {
        ended.abort();
        timer?.cancel();
      };
    },
  };
}
