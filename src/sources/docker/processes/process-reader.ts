/** Asks now and then what the processes of suspects and of their peers wait for: the engine for their states, the host's /proc for the rest. */

import { describeError } from '../../../lib/describe-error.js';
import type { SourceContext } from '../../source.js';
import type { DockerClient } from '../docker-client.js';
import { describeProcesses, haltOf, mainWait } from './describe-processes.js';
import { readProcDetails } from './proc-details.js';
import { PS_ARGS, parseProcessTable } from './process-table.js';

export interface ProcessReader {
  /** Never rejects, and asks nothing while the answers to the last call are not all there. */
  ask(
    client: Pick<DockerClient, 'getJsonApart'>,
    wanted: ProcessesWanted,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface ProcessesWanted {
  /** Ids, the longest silent first. */
  readonly ids: readonly string[];
  /** Name of the container that has the address. */
  nameOf(address: string): string | undefined;
}

/** The engine lists all processes of its host for each question. */
const MAX_AT_ONCE = 4;
const REST_MS = 30_000;
const MAX_BYTES = 1024 * 1024;

export function createProcessReader({ clock, log, apply }: SourceContext, isRemote: boolean): ProcessReader {
  /** By id: when it may be asked again. */
  const restUntilMs = new Map<string, number>();
  let isAsking = false;
  let wasFailing = false;

  async function readOne(client: Pick<DockerClient, 'getJsonApart'>, id: string, wanted: ProcessesWanted) {
    const call = { path: `/containers/${encodeURIComponent(id)}/top`, query: { ps_args: PS_ARGS } };
    const answer = await client.getJsonApart(call, MAX_BYTES);
    if (answer === undefined) return;
    const processes = parseProcessTable(answer);
    const wait = mainWait(processes);
    const halt = haltOf(processes);
    const lines = describeProcesses(processes, (process) =>
      isRemote ? undefined : readProcDetails(id, process, wanted),
    );
    if (lines.length === 0) return;
    const reading = { id, lines, ...(wait !== undefined && { wait }), ...(halt && { halt }) };
    apply({ kind: 'processes-read', atMs: clock.nowMs(), readings: [reading] });
  }

  function nextTurn(ids: readonly string[]): readonly string[] {
    const nowMs = clock.monotonicMs();
    // Not sooner for one that was no suspect in between.
    for (const [id, untilMs] of restUntilMs) if (untilMs <= nowMs) restUntilMs.delete(id);
    const turn = ids.filter((id) => !restUntilMs.has(id)).slice(0, MAX_AT_ONCE);
    for (const id of turn) restUntilMs.set(id, nowMs + REST_MS);
    return turn;
  }

  return {
    async ask(client, wanted, signal) {
      if (isAsking) return;
      isAsking = true;
      const turn = nextTurn(wanted.ids);
      const answers = await Promise.allSettled(turn.map((id) => readOne(client, id, wanted)));
      isAsking = false;
      if (signal.aborted || turn.length === 0) return;
      const failed = answers.find((answer) => answer.status === 'rejected');
      if (failed && !wasFailing) {
        log.info(
          { problem: describeError(failed.reason) },
          'what the processes of a suspect wait for is not known',
        );
      }
      wasFailing = failed !== undefined;
    },
  };
}
