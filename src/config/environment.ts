/** Options from the environment: `STAGEWATCH_DOCKER_HOST`, or `STAGEWATCH_DOCKER_HOST_FILE` naming a file with the value. */

import { parse as parseYaml } from 'yaml';
import { describeReadError } from '../lib/describe-error.js';
import type { ConfigFault } from './config-fault.js';
import { type JsonSchema, listOptions } from './schema-walk.js';

const PREFIX = 'STAGEWATCH_';
/** Variables of the same prefix that are not options: `STAGEWATCH_CONFIG` names the file itself, others are of the clients. */
const NOT_OPTIONS = new Set([
  'STAGEWATCH_CONFIG',
  'STAGEWATCH_URL',
  'STAGEWATCH_USER',
  'STAGEWATCH_USER_FILE',
  'STAGEWATCH_CA_FILE',
  'STAGEWATCH_CERT_FILE',
  'STAGEWATCH_KEY_FILE',
]);
const MAX_VALUE_FILE_BYTES = 65_536;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentValue {
  readonly path: readonly string[];
  readonly variable: string;
  readonly value: unknown;
}

export interface EnvironmentReading {
  readonly values: readonly EnvironmentValue[];
  readonly faults: readonly ConfigFault[];
  /** Variables with our prefix that name no option. */
  readonly unknown: readonly string[];
}

/** `['rabbitmq', 'amqp_url']` is `STAGEWATCH_RABBITMQ_AMQP_URL`. */
export function environmentName(path: readonly string[]): string {
  return PREFIX + path.join('_').toUpperCase();
}

export function readEnvironment(env: Environment, readFile: (path: string) => string): EnvironmentReading {
  const options = new Map(
    listOptions()
      .filter(({ path }) => !path.includes('[]'))
      .map((option) => [environmentName(option.path), option]),
  );
  const values: EnvironmentValue[] = [];
  const faults: ConfigFault[] = [];
  const unknown: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || NOT_OPTIONS.has(variable) || text === undefined) continue;
    const isFile = !options.has(variable) && variable.endsWith('_FILE');
    const name = isFile ? variable.slice(0, -'_FILE'.length) : variable;
    const option = options.get(name);
    if (!option) {
      unknown.push(variable);
    } else if (isFile && env[name] !== undefined) {
      faults.push({ place: variable, message: `${name} is set too; keep one of the two` });
    } else {
      const result = isFile ? readValueFile(text, readFile) : { text };
      if ('problem' in result) faults.push({ place: variable, message: result.problem });
      else values.push({ path: option.path, variable, value: toValue(result.text, option.schema) });
    }
  }
  return { values, faults, unknown: unknown.toSorted() };
}

function readValueFile(
  path: string,
  readFile: (path: string) => string,
): { text: string } | { problem: string } {
  try {
    const text = readFile(path);
    if (text.length > MAX_VALUE_FILE_BYTES) return { problem: `${path} is larger than a value can be` };
    return { text: text.replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: `cannot read the file it names, ${path}: ${describeReadError(error)}` };
  }
}

/** Text stays text where the option takes text; elsewhere it is read as YAML would read it (5, true, null, [a, b]). */
function toValue(text: string, schema: JsonSchema): unknown {
  const accepted = [schema, ...(schema.anyOf ?? [])];
  if (text === '' && accepted.some(({ type }) => type === 'null')) return null;
  const isText = accepted.some(({ type }) => type === 'string');
  const isList = accepted.some(({ type }) => type === 'array');
  if (isText && isList && text.includes(',')) return text.split(',').map((part) => part.trim());
  if (isText) return text;
  if (isList && !text.trimStart().startsWith('[')) return text.split(',').map((part) => part.trim());
  try {
    return parseYaml(text);
  } catch {
    // Not YAML either: the text itself goes to the schema, whose message says what is allowed.
    return text;
  }
}
