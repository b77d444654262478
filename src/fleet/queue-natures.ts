/** Tells the kind of every queue of a broker, each in the light of the others: dead letters come from somewhere. */

import { type DeadLetterBinding, routeDeadLetters } from './dead-letter-routes.js';
import type { QueueEntry } from './queue-entry.js';
import { classifyQueue, type PlacedNature } from './queue-kind.js';

export interface NatureInput {
  readonly entries: ReadonlyMap<string, QueueEntry>;
  readonly stageOf: (name: string) => string | undefined;
  readonly bindings: readonly DeadLetterBinding[];
}

const NONE: readonly string[] = [];

/** `entries` by name. */
export function tellNatures({ entries, stageOf, bindings }: NatureInput): ReadonlyMap<string, PlacedNature> {
  const classify = (name: string, { traits, wasServed }: QueueEntry, deadLettersFrom: readonly string[]) =>
    classifyQueue({ name, stage: stageOf(name), traits, wasServed, deadLettersFrom });
  // What waits in a delay queue goes back to work: its target takes no dead letters of it.
  const losing = [...entries].filter(
    ([name, entry]) =>
      entry.traits.deadLetterExchange !== undefined && classify(name, entry, NONE).kind !== 'delay',
  );
  const routes = routeDeadLetters(
    losing.map(([name, { traits }]) => [name, traits]),
    bindings,
  );
  return new Map(
    [...entries].map(([name, entry]) => {
      const nature = classify(name, entry, routes.get(name) ?? NONE);
      const deadLettersFrom = nature.kind === 'dead_letter' ? (routes.get(name) ?? NONE) : NONE;
      return [name, { ...nature, deadLettersFrom }];
    }),
  );
}
