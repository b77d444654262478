/** Reads a configuration from a file and the environment, and names every fault of both at once. */

import { isMap, isScalar, LineCounter, parseDocument, type Document as YamlDocument } from 'yaml';
import type { z } from 'zod';
import { describeError, describeReadError } from '../lib/describe-error.js';
import { nearestWord } from '../lib/nearest-word.js';
import { adviseOn } from './config-advice.js';
import type { ConfigFault } from './config-fault.js';
import { adviseOnDoor } from './door-advice.js';
import { type Environment, type EnvironmentValue, readEnvironment } from './environment.js';
import { show } from './option-types.js';
import { OPEN_ACCESS, readWebFile, type WebAccess } from './read-web-file.js';
import { type Config, configSchema } from './schema.js';
import { schemaAt } from './schema-walk.js';

export interface ConfigInput {
  /** Undefined: no file, defaults and environment only. */
  readonly file: string | undefined;
  readonly env: Environment;
  /** Whole text of a file as UTF-8; throws as fs does. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  | { readonly kind: 'ok'; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: 'faulty'; readonly faults: readonly ConfigFault[] };

interface ParsedFile {
  readonly name: string;
  readonly value: unknown;
  readonly document: YamlDocument | undefined;
  readonly lines: LineCounter;
}

/** Never throws: whatever is wrong with file or environment is a fault with its place. */
export function loadConfig({ file, env, readFile }: ConfigInput): LoadedConfig {
  const parsed = readYaml(file, readFile);
  if ('faults' in parsed) return { kind: 'faulty', faults: parsed.faults };
  const environment = readEnvironment(env, readFile);
  const merged = environment.values.reduce(withValue, parsed.value);
  const result = configSchema.safeParse(merged);
  const faults = [...environment.faults];
  if (!result.success) {
    faults.push(...result.error.issues.flatMap((issue) => toFaults(issue, parsed, environment.values)));
  }
  if (faults.length > 0 || !result.success) return { kind: 'faulty', faults: faults.toSorted(byPlace) };
  const warnings = environment.unknown.map(
    (name) => `environment variable ${name} names no option and is ignored`,
  );
  const web = readWebAccess(result.data, readFile);
  if ('faults' in web) return { kind: 'faulty', faults: web.faults };
  const advice = [...adviseOn(result.data), ...adviseOnDoor(result.data, web.access)];
  return { kind: 'ok', config: withPageUrl(result.data), warnings: [...warnings, ...advice] };
}

/** Links in messages lead where people reach the page, unless messages have an address of their own. */
function withPageUrl(config: Config): Config {
  const external_url = config.alerts.external_url ?? config.web.external_url;
  return { ...config, alerts: { ...config.alerts, external_url } };
}

/** Its faults are faults of the configuration. */
function readWebAccess(
  { web: { config_file } }: Config,
  readFile: ConfigInput['readFile'],
): { readonly access: WebAccess } | { readonly faults: readonly ConfigFault[] } {
  if (config_file === null) return { access: OPEN_ACCESS };
  const reading = readWebFile(config_file, readFile);
  if (reading.kind === 'ok') return { access: reading.access };
  return { faults: reading.problems.map((message) => ({ place: config_file, message })) };
}

/** From the top of the file down; faults of the environment come last. */
function byPlace(one: ConfigFault, other: ConfigFault): number {
  const lineAndColumn = ({ place }: ConfigFault): readonly number[] => {
    const [, line, column] = /:(\d+):(\d+)$/.exec(place) ?? [];
    return [Number(line ?? Number.MAX_SAFE_INTEGER), Number(column ?? 0)];
  };
  const [lineOne = 0, columnOne = 0] = lineAndColumn(one);
  const [lineOther = 0, columnOther = 0] = lineAndColumn(other);
  return lineOne - lineOther || columnOne - columnOther;
}

function readYaml(
  file: string | undefined,
  readFile: ConfigInput['readFile'],
): ParsedFile | { readonly faults: readonly ConfigFault[] } {
  const lines = new LineCounter();
  if (file === undefined) return { name: '', value: {}, document: undefined, lines };
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    return { faults: [{ place: file, message: `cannot be read: ${describeReadError(error)}` }] };
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => placeOf(file, lines, offset);
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map((error) => ({
        place: place(error.pos[0]),
        message: `not valid YAML: ${withoutQuotes(error.message)}`,
      })),
    };
  }
  try {
    return { name: file, value: document.toJS({ maxAliasCount: 100 }) ?? {}, document, lines };
  } catch (error) {
    return {
      faults: [{ place: place(0), message: `not valid YAML: ${withoutQuotes(describeError(error))}` }],
    };
  }
}

/** What the parser quotes of the file could be a secret: only what comes before the quotation is kept. */
function withoutQuotes(message: string): string {
  return message.split(/: |["'`]/, 1)[0] ?? '';
}

function withValue(target: unknown, { path, value }: EnvironmentValue): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const base = isRecord(target) ? target : {};
  return { ...base, [key]: withValue(base[key], { path: rest, value, variable: '' }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toFaults(
  issue: z.core.$ZodIssue,
  parsed: ParsedFile,
  environment: readonly EnvironmentValue[],
): readonly ConfigFault[] {
  const allowed = Object.keys(schemaAt(issue.path)?.properties ?? {});
  if (
    issue.code === 'invalid_type' &&
    issue.expected === 'object' &&
    issue.path.length > 0 &&
    allowed.length > 0
  ) {
    const message = `expected a mapping of options: ${allowed.join(', ')}`;
    return [{ ...locate(parsed, issue.path, environment), message }];
  }
  if (issue.code !== 'unrecognized_keys') {
    return [{ ...locate(parsed, issue.path, environment), message: issue.message }];
  }
  return issue.keys.map((key) => ({
    ...locate(parsed, [...issue.path, key], environment),
    message: unknownKeyMessage(key, allowed),
  }));
}

function unknownKeyMessage(key: string, allowed: readonly string[]): string {
  const nearest = nearestWord(key, allowed);
  const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
  return `unknown key ${show(key)}${hint || '.'} Allowed here: ${allowed.join(', ')}`;
}

function locate(
  { name, document, lines }: ParsedFile,
  path: readonly PropertyKey[],
  environment: readonly EnvironmentValue[],
): { place: string; path: string } {
  const joined = path.map(String).join('.');
  const fromEnvironment = environment.find((value) => value.path.join('.') === joined);
  if (fromEnvironment) return { place: fromEnvironment.variable, path: joined };
  const offset = document ? offsetOf(document, path) : 0;
  return { place: name === '' ? 'configuration' : placeOf(name, lines, offset), path: joined };
}

function placeOf(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

/** Where the key at `path` starts, or the nearest thing around it that the file does have. */
function offsetOf(document: YamlDocument, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (hasRange(node)) return node.range[0];
  }
  return hasRange(document.contents) ? document.contents.range[0] : 0;
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return isRecord(node) && Array.isArray(node['range']);
}
