/** Walks the schema's JSON form, so that docs, environment names and error hints come from the schema alone. */

import { z } from 'zod';
import { configSchema } from './schema.js';

export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly valueType?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
}

export interface OptionEntry {
  /** Keys from the top; `[]` stands for any element of a list. */
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

/** The schema of what a user writes, as JSON Schema (draft 2020-12). */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;
}

/** Every option that is not itself a section, in the order of the schema. */
export function listOptions(
  schema: JsonSchema = configJsonSchema(),
  path: readonly string[] = [],
): OptionEntry[] {
  const listed = schema.items ? listOptions(schema.items, [...path, '[]']) : [];
  if (!schema.properties) {
    return isSectionList(schema) ? [{ path, schema }, ...listed] : [{ path, schema }];
  }
  return Object.entries(schema.properties).flatMap(([key, child]) => listOptions(child, [...path, key]));
}

function isSectionList(schema: JsonSchema): boolean {
  return schema.items?.properties !== undefined;
}

/** The schema of what stands at `path` (list indexes allowed), or undefined outside the schema. */
export function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = configJsonSchema();
  for (const key of path) {
    schema = typeof key === 'number' ? schema?.items : schema?.properties?.[String(key)];
  }
  return schema;
}
