/** The committed dashboards as Grafana would read them, and their queries with variables filled in. */

import { readdirSync, readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly instant?: boolean;
  readonly legendFormat: string;
  readonly format?: string;
  readonly interval?: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit?: string;
      readonly decimals?: number;
      readonly color?: { readonly mode: string };
    };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
  readonly transformations?: readonly { readonly id: string; readonly options: Record<string, unknown> }[];
}

export interface Variable {
  readonly type: string;
  readonly name: string;
  readonly label: string;
  readonly query: string;
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly datasource?: { readonly uid: string };
}

export interface Dashboard {
  readonly file: string;
  readonly text: string;
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly links: readonly { readonly tags: readonly string[]; keepTime: boolean; includeVars: boolean }[];
  readonly tags: readonly string[];
}

export function readDashboards(): readonly Dashboard[] {
  return readdirSync('grafana/dashboards').map((file) => {
    const text = readFileSync(`grafana/dashboards/${file}`, 'utf8');
    return { file, text, ...(JSON.parse(text) as Omit<Dashboard, 'file' | 'text'>) };
  });
}

export type VariableValues = Readonly<Record<string, string>>;

/** As Grafana does before it asks: `$name` and `${name}` by their values, the longest name first. */
export function fillIn(text: string, values: VariableValues): string {
  return Object.keys(values)
    .toSorted((one, other) => other.length - one.length)
    .reduce(
      (filled, name) =>
        filled.replaceAll(`\${${name}}`, values[name] ?? '').replaceAll(`$${name}`, values[name] ?? ''),
      text,
    );
}

export interface Selector {
  readonly metric: string;
  /** As written between the braces. */
  readonly matchers: string;
  /** Functions and the like around it, the innermost first. */
  readonly calledBy: string | undefined;
  /** Range as written, of those that have one. */
  readonly range: string | undefined;
}

export interface ParsedQuery {
  readonly hasErrors: boolean;
  readonly selectors: readonly Selector[];
}

export function parseQuery(query: string): ParsedQuery {
  let hasErrors = false;
  const selectors: Selector[] = [];
  parser.parse(query).iterate({
    enter(ref) {
      if (ref.type.isError) hasErrors = true;
      if (ref.name !== 'VectorSelector') return;
      const { node } = ref;
      const text = query.slice(node.from, node.to);
      const brace = text.indexOf('{');
      let parent = node.parent;
      let range: string | undefined;
      while (parent && !['FunctionCall', 'AggregateExpr', 'BinaryExpr'].includes(parent.name)) {
        if (parent.name === 'MatrixSelector')
          range = query.slice(node.to, parent.to).replaceAll(/[[\]]/g, '');
        parent = parent.parent;
      }
      const call = parent?.name === 'FunctionCall' ? query.slice(parent.from, parent.to) : undefined;
      selectors.push({
        metric: brace < 0 ? text : text.slice(0, brace),
        matchers: brace < 0 ? '' : text.slice(brace + 1, text.lastIndexOf('}')),
        calledBy: call?.slice(0, call.indexOf('(')),
        range,
      });
    },
  });
  return { hasErrors, selectors };
}
