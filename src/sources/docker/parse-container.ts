/** Turns the engine's list and inspect answers into facts, taking only what is needed and trusting nothing. */

import { CONTAINER_STATES, type ContainerState, HEALTH_STATES, type HealthState } from '../../fleet/model.js';
import type { InspectedFacts, ListedContainer } from '../../fleet/observations.js';
import { SUPERVISOR_LABELS } from '../../fleet/supervisor.js';
import { boundText, cutProse } from '../../lib/bound-text.js';
import {
  asBoolean,
  asList,
  asNumber,
  asRecord,
  asText,
  type JsonRecord,
  optional,
  ShapeError,
} from '../../lib/shape.js';
import { SourceError } from '../source-error.js';
import { parseGpuRequest } from './parse-gpu-request.js';

/** Labels that mean something to stagewatch; the others are not kept. */
const LABEL_PREFIXES = ['stagewatch.', 'com.docker.compose.', 'com.docker.swarm.', 'com.docker.stack.'];
const MAX_TEXT = 500;
/** Docker's own are shorter; an engine that lies gives a name of a megabyte. */
const MAX_NAME = 255;
const MAX_LABEL = 200;
const MAX_LABELS = 200;
const MAX_ID = 128;
const SHORT_ID = 12;

/** States of engines that speak Docker's API with words of their own (Podman). */
const STATE_ALIASES: Readonly<Record<string, ContainerState>> = {
  configured: 'created',
  initialized: 'created',
  stopping: 'running',
  stopped: 'exited',
};

export interface ParsedList {
  readonly containers: readonly ListedContainer[];
  /** What was wrong with the entries that cannot be read. */
  readonly problems: readonly SourceError[];
  /** Their ids: these containers are there. */
  readonly unreadableIds: readonly string[];
  /** An entry without a readable id may be any container: none that is missing is surely gone. */
  readonly isComplete: boolean;
}

/** One broken entry is left out and named; an answer that is no list at all throws SourceError. */
export function parseContainerList(answer: unknown): ParsedList {
  if (!Array.isArray(answer)) throw new SourceError('protocol', 'the list of containers is not a list');
  const containers: ListedContainer[] = [];
  const problems: SourceError[] = [];
  const unreadableIds: string[] = [];
  for (const entry of answer) {
    try {
      containers.push(parseListed(entry));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push(error);
      const id = idOf(entry);
      if (id !== undefined) unreadableIds.push(id);
    }
  }
  return { containers, problems, unreadableIds, isComplete: unreadableIds.length === problems.length };
}

function idOf(entry: unknown): string | undefined {
  const id = typeof entry === 'object' && entry !== null ? (entry as { Id?: unknown }).Id : undefined;
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID ? id : undefined;
}

function parseListed(entry: unknown): ListedContainer {
  return withPlace(`an entry of the list of containers${named(entry)}`, () => {
    const fields = asRecord(entry, 'the whole');
    const id = asId(fields['Id']);
    const names = optional(fields['Names'], 'Names', asList) ?? [];
    const health = healthInStatus(optional(fields['Status'], 'Status', asText) ?? '');
    return {
      id,
      name: containerName(
        names.map((name) => asText(name, 'Names')),
        id,
      ),
      image: boundText(optional(fields['Image'], 'Image', asText) ?? '', MAX_NAME),
      labels: keptLabels(optional(fields['Labels'], 'Labels', asRecord)),
      createdAtMs: asNumber(fields['Created'], 'Created') * 1000,
      state: parseState(asText(fields['State'], 'State')),
      ...(health !== undefined && { health }),
    };
  });
}

/** Throws SourceError when the answer is not an inspected container. */
export function parseInspected(answer: unknown): InspectedFacts {
  return withPlace(`an inspected container${named(answer)}`, () => {
    const fields = asRecord(answer, 'the whole');
    const config = asRecord(fields['Config'], 'Config');
    const id = asId(fields['Id']);
    const name = optional(fields['Name'], 'Name', asText);
    const restartCount = optional(fields['RestartCount'], 'RestartCount', asNumber);
    const policy = restartPolicy(fields);
    return {
      id,
      name: containerName(name ? [name] : [], id),
      image: boundText(optional(config['Image'], 'Config.Image', asText) ?? '', MAX_NAME),
      labels: keptLabels(optional(config['Labels'], 'Config.Labels', asRecord)),
      createdAtMs: parseTime(asText(fields['Created'], 'Created')) ?? 0,
      ...(restartCount != null && { restartCount }),
      ...(policy.name !== undefined && { hasRestartPolicy: !['', 'no'].includes(policy.name) }),
      gpuRequest: parseGpuRequest(answer),
      ...withHeldDown(parseStateFacts(asRecord(fields['State'], 'State')), fields),
    };
  });
}

function parseStateFacts(state: JsonRecord) {
  const healthWord = optional(state['Health'], 'State.Health', asRecord)?.['Status'];
  const health = HEALTH_STATES.find((one) => one === healthWord);
  const startedAtMs = parseTime(optional(state['StartedAt'], 'State.StartedAt', asText));
  const finishedAtMs = parseTime(optional(state['FinishedAt'], 'State.FinishedAt', asText));
  const error = boundedText(state['Error'], 'State.Error');
  const exitCode = optional(state['ExitCode'], 'State.ExitCode', asNumber);
  return {
    state: parseState(asText(state['Status'], 'State.Status')),
    ...(exitCode != null && { exitCode }),
    isOomKilled: optional(state['OOMKilled'], 'State.OOMKilled', asBoolean) ?? false,
    ...(health !== undefined && { health }),
    ...(startedAtMs !== undefined && { startedAtMs }),
    ...(finishedAtMs !== undefined && { finishedAtMs }),
    ...(error && { error }),
  };
}

interface RestartPolicy {
  /** Undefined where the answer lacks it. */
  readonly name: string | undefined;
  /** Of `on-failure`; 0: no limit. */
  readonly maximum: number;
}

function restartPolicy(fields: JsonRecord): RestartPolicy {
  const place = 'HostConfig.RestartPolicy';
  const hostConfig = optional(fields['HostConfig'], 'HostConfig', asRecord);
  const policy = optional(hostConfig?.['RestartPolicy'], place, asRecord);
  return {
    name: optional(policy?.['Name'], `${place}.Name`, asText) ?? undefined,
    maximum: optional(policy?.['MaximumRetryCount'], `${place}.MaximumRetryCount`, asNumber) ?? 0,
  };
}

/**
 * After `docker kill` in a restart back-off the engine sends no event at all: only that the container stays down
 * although its policy would start it again tells it. Where a start failed (`Error`), the policy gives up by itself.
 */
function withHeldDown<T extends ReturnType<typeof parseStateFacts>>(
  facts: T,
  fields: JsonRecord,
): T & { readonly isHeldDown?: true } {
  const { state, exitCode, error } = facts;
  if (state !== 'exited' || error) return facts;
  const { name, maximum } = restartPolicy(fields);
  const restarts = optional(fields['RestartCount'], 'RestartCount', asNumber) ?? 0;
  const isAfterFailure = exitCode !== undefined && exitCode !== 0 && (maximum === 0 || restarts < maximum);
  const isRestarting =
    name === 'always' || name === 'unless-stopped' || (name === 'on-failure' && isAfterFailure);
  return isRestarting ? { ...facts, isHeldDown: true } : facts;
}

/**
 * Podman's RestartCount rises with the restart and not with the end before it, and between the two its container is
 * `exited` as one that stays down is.
 */
export function asOfPodman({ isHeldDown: _unsure, ...facts }: InspectedFacts): InspectedFacts {
  return facts.state === 'exited' || facts.state === 'dead' ? { ...facts, isCountBehind: true } : facts;
}

function boundedText(value: unknown, path: string): string | undefined {
  const text = optional(value, path, asText);
  return text == null ? undefined : cutProse(text, MAX_TEXT);
}

/** ` (a-worker-gpu0-0)`, as far as that can be read. */
function named(answer: unknown): string {
  const { Name, Names } = (answer ?? {}) as { readonly Name?: unknown; readonly Names?: unknown };
  const texts = [Name, ...(Array.isArray(Names) ? (Names as unknown[]) : [])].filter(
    (text) => typeof text === 'string',
  );
  const name = containerName(texts, idOf(answer) ?? '');
  return name === '' ? '' : ` (${name})`;
}

function withPlace<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new SourceError('protocol', `${what} has an unexpected shape at ${error.message}`);
  }
}

/** `/name`, or among links (`/other/alias`) the one without a further slash; a short id when there is none. */
function containerName(names: readonly string[], id: string): string {
  const bare = names.map((name) => name.replace(/^\//, ''));
  const own = bare.find((name) => name !== '' && !name.includes('/')) ?? bare[0] ?? id.slice(0, SHORT_ID);
  return boundText(own, MAX_NAME);
}

function keptLabels(given: Readonly<Record<string, unknown>> | null | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  const meant = Object.entries(given ?? {}).filter(([key]) => key.length <= MAX_LABEL && isKept(key));
  for (const [key, value] of meant.slice(0, MAX_LABELS)) kept[key] = boundText(String(value), MAX_LABEL);
  return kept;
}

function isKept(label: string): boolean {
  return LABEL_PREFIXES.some((prefix) => label.startsWith(prefix)) || SUPERVISOR_LABELS.includes(label);
}

/** It becomes a part of paths: whole or not at all. */
function asId(value: unknown): string {
  const id = asText(value, 'Id');
  if (id.length > MAX_ID) throw new ShapeError('Id', `at most ${MAX_ID} characters`, id);
  return id;
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
