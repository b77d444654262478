/** Runs as a process of its own: everything the demo's daemon watches, so that neither's work slows the other down. */

import { describeError } from '../lib/describe-error.js';
import type { FaultTruth } from '../simulation/truth.js';
import { type DemoFolder, openDemoFolder } from './demo-folder.js';
import type { DaemonStarted, SurroundingsRequest } from './demo-messages.js';
import { type DemoPrometheus, startDemoPrometheus } from './demo-prometheus.js';
import { tellDaemon } from './tell-daemon.js';

/** Tells of each fault when it strikes and when it is over. */
function createTeller(truth: () => readonly FaultTruth[]): () => void {
  let told = 0;
  const open = new Set<FaultTruth>();
  return () => {
    for (const fault of truth().slice(told)) {
      open.add(fault);
      tellDaemon({ kind: 'struck', fault });
    }
    told = truth().length;
    for (const fault of open) {
      if (fault.endedAtMs === undefined) continue;
      open.delete(fault);
      tellDaemon({ kind: 'over', fault });
    }
  };
}

async function run(request: SurroundingsRequest): Promise<void> {
  let opened: DemoFolder | undefined;
  const tell = createTeller(() => opened?.surroundings.simulation.truth ?? []);
  try {
    opened = await openDemoFolder(request, tell);
  } catch (error) {
    tellDaemon({ kind: 'failed', problem: describeError(error) });
    process.disconnect();
    return;
  }
  const { folder, configFile, surroundings } = opened;
  const { containers, workers } = surroundings.simulation.world;
  let prometheus: Promise<DemoPrometheus | undefined> = Promise.resolve(undefined);
  process.once('message', (started) => {
    surroundings.beginTrouble();
    prometheus = openPrometheus(started as DaemonStarted, folder);
  });
  tellDaemon({ kind: 'ready', folder, configFile, containers: containers.size, workers: workers.size });
  // The daemon's process ends the connection when it has stopped; so does its death, however sudden.
  if (process.connected) await new Promise((resolve) => process.once('disconnect', resolve));
  await (await prometheus)?.stop();
  await opened.dispose();
  process.exit();
}

async function openPrometheus({ target, prometheus }: DaemonStarted, folder: string) {
  if (prometheus === undefined) return undefined;
  try {
    const started = await startDemoPrometheus({ program: prometheus, folder, target });
    const { url, pid = 0, ruleFiles } = started;
    tellDaemon({ kind: 'prometheus', url, pid, ruleFiles });
    return started;
  } catch (error) {
    tellDaemon({ kind: 'no-prometheus', problem: describeError(error) });
    return undefined;
  }
}

// Signals of a terminal reach both processes at once; the daemon is to stop first, and ends this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('message', (request) => void run(request as SurroundingsRequest));
