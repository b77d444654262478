/** Turns the engine's list and inspect answers into facts, taking only what is needed and trusting nothing. */

import { z } from 'zod';
import { CONTAINER_STATES, type ContainerState, HEALTH_STATES, type HealthState } from '../../fleet/model.js';
import type { ContainerFacts, ListedContainer } from '../../fleet/observations.js';
import { SourceError } from '../source-error.js';
import { parseGpuRequest } from './parse-gpu-request.js';

/** Labels that mean something to stagewatch; the others are not kept. */
const LABEL_PREFIXES = ['stagewatch.', 'com.docker.compose.'];
const MAX_TEXT = 500;
const SHORT_ID = 12;

/** States of engines that speak Docker's API with words of their own (Podman). */
const STATE_ALIASES: Readonly<Record<string, ContainerState>> = {
  configured: 'created',
  initialized: 'created',
  stopping: 'running',
  stopped: 'exited',
};

const labels = z.record(z.string(), z.unknown()).nullish();
const text = z.string().transform((value) => value.slice(0, MAX_TEXT));

const listedSchema = z.object({
  Id: z.string().min(1),
  Names: z.array(z.string()).nullish(),
  Image: text.nullish(),
  Labels: labels,
  Created: z.number(),
  State: z.string(),
  Status: z.string().nullish(),
});

const inspectedSchema = z.object({
  Id: z.string().min(1),
  Name: z.string().nullish(),
  Created: z.string(),
  RestartCount: z.number().int().min(0).nullish(),
  State: z.object({
    Status: z.string(),
    OOMKilled: z.boolean().nullish(),
    ExitCode: z.number().int(),
    Error: text.nullish(),
    StartedAt: z.string().nullish(),
    FinishedAt: z.string().nullish(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  HostConfig: z.object({ RestartPolicy: z.object({ Name: z.string() }).nullish() }).nullish(),
  Config: z.object({ Image: text.nullish(), Labels: labels }),
});

export interface ParsedList {
  readonly containers: readonly ListedContainer[];
  /** What was wrong with the entries that were left out. */
  readonly problems: readonly SourceError[];
}

/** One broken entry is left out and named; an answer that is no list at all throws SourceError. */
export function parseContainerList(answer: unknown): ParsedList {
  if (!Array.isArray(answer)) throw new SourceError('protocol', 'the list of containers is not a list');
  const containers: ListedContainer[] = [];
  const problems: SourceError[] = [];
  for (const entry of answer) {
    try {
      containers.push(parseListed(entry));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push(error);
    }
  }
  return { containers, problems };
}

function parseListed(entry: unknown): ListedContainer {
  const result = listedSchema.safeParse(entry);
  if (!result.success) throw shapeError('an entry of the list of containers', result.error);
  const { Id, Names, Image, Labels, Created, State, Status } = result.data;
  const health = healthInStatus(Status ?? '');
  return {
    id: Id,
    name: containerName(Names ?? [], Id),
    image: Image ?? '',
    labels: keptLabels(Labels),
    createdAtMs: Created * 1000,
    state: parseState(State),
    ...(health !== undefined && { health }),
  };
}

/** Throws SourceError when the answer is not an inspected container. */
export function parseInspected(answer: unknown): ContainerFacts {
  const result = inspectedSchema.safeParse(answer);
  if (!result.success) throw shapeError('an inspected container', result.error);
  const { Id, Name, Created, RestartCount, State, HostConfig, Config } = result.data;
  const health = HEALTH_STATES.find((state) => state === State.Health?.Status);
  const startedAtMs = parseTime(State.StartedAt);
  const finishedAtMs = parseTime(State.FinishedAt);
  return {
    id: Id,
    name: containerName(Name ? [Name] : [], Id),
    image: Config.Image ?? '',
    labels: keptLabels(Config.Labels),
    createdAtMs: parseTime(Created) ?? 0,
    state: parseState(State.Status),
    restartCount: RestartCount ?? 0,
    hasRestartPolicy: !['', 'no'].includes(HostConfig?.RestartPolicy?.Name ?? ''),
    exitCode: State.ExitCode,
    isOomKilled: State.OOMKilled ?? false,
    gpuRequest: parseGpuRequest(answer),
    ...(health !== undefined && { health }),
    ...(startedAtMs !== undefined && { startedAtMs }),
    ...(finishedAtMs !== undefined && { finishedAtMs }),
    ...(State.Error && { error: State.Error }),
  };
}

function shapeError(what: string, { issues }: z.ZodError): SourceError {
  const [first] = issues;
  const place = first?.path.map(String).join('.') || 'the whole';
  return new SourceError(
    'protocol',
    `${what} has an unexpected shape at ${place}: ${first?.message ?? 'unknown'}`,
  );
}

/** `/name`, or among links (`/other/alias`) the one without a further slash; a short id when there is none. */
function containerName(names: readonly string[], id: string): string {
  const bare = names.map((name) => name.replace(/^\//, ''));
  return bare.find((name) => name !== '' && !name.includes('/')) ?? bare[0] ?? id.slice(0, SHORT_ID);
}

function keptLabels(given: Readonly<Record<string, unknown>> | null | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(given ?? {})) {
    if (LABEL_PREFIXES.some((prefix) => key.startsWith(prefix))) kept[key] = String(value).slice(0, MAX_TEXT);
  }
  return kept;
}

function parseState(word: string): ContainerState {
  const state = CONTAINER_STATES.find((known) => known === word) ?? STATE_ALIASES[word];
  if (!state)
    throw new SourceError('protocol', `unknown container state ${JSON.stringify(word.slice(0, 40))}`);
  return state;
}

/** The list has health only in its text: `Up 17 minutes (healthy)`, `Up 2 seconds (health: starting)`. */
function healthInStatus(status: string): HealthState | undefined {
  const word = /\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(status)?.[1];
  return HEALTH_STATES.find((state) => state === word);
}

/** The engine writes the year 1 for what has not happened. */
function parseTime(value: string | null | undefined): number | undefined {
  if (!value || value.startsWith('0001-')) return undefined;
  // Date.parse keeps milliseconds only; starts and ends are told apart by the rest.
  const fraction = /\.\d+/.exec(value)?.[0] ?? '';
  const wholeMs = Date.parse(value.replace(fraction, ''));
  return Number.isNaN(wholeMs) ? undefined : wholeMs + Number(`0${fraction}`) * 1000;
}
