/** Reads the label by which a container allows to be asked for the stacks of its threads. */

export const DUMP_LABEL = 'stagewatch.dump_signal';

/** Signals that end a program which expects them only by default; those that end any program well are not among them. */
const DUMP_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const;

export type DumpSignal = (typeof DUMP_SIGNALS)[number];

/** `SIGUSR1` or `USR1`; undefined: there is no such label, or it names another signal. */
export function dumpSignalOf(labels: Readonly<Record<string, string>>): DumpSignal | undefined {
  const word = labels[DUMP_LABEL]?.trim().toUpperCase();
  return DUMP_SIGNALS.find((signal) => word === signal || word === signal.slice('SIG'.length));
}
