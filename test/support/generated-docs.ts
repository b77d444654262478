/** The documents that are made from the code: options from the schema, metrics from the families. */

import { environmentName } from '../../src/config/environment.js';
import {
  configJsonSchema,
  type JsonSchema,
  listOptions,
  type OptionEntry,
} from '../../src/config/schema-walk.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { renderCompatibility } from '../servers/compatibility-page.js';
import { ALERT_RULES } from './rule-files.js';

const GENERATED = '<!-- Made by "npm run docs"; a test checks that it is fresh. -->';

/** Path in the repository to content. */
export function generateDocs(): Readonly<Record<string, string>> {
  return {
    'docs/compatibility.md': renderCompatibility(GENERATED),
    'docs/configuration.md': renderConfiguration(),
    'docs/metrics.md': renderMetrics(),
    'docs/runbooks/README.md': renderRunbookIndex(),
    'docs/stagewatch.schema.json': `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  };
}

function renderConfiguration(): string {
  const sections = groupBySection(listOptions());
  return `# Configuration

${GENERATED}

stagewatch reads \`stagewatch.yaml\` in the folder it is started in, or the file that \`--config\` or \`STAGEWATCH_CONFIG\`
names. Every option may be left out. Unknown keys are faults. \`stagewatch check-config FILE\` names every fault with
\`file:line:column\`, and editors that know JSON Schema complete and check the file with this first line:

\`\`\`yaml
# yaml-language-server: $schema=./docs/stagewatch.schema.json
\`\`\`

- Durations are written \`500ms\`, \`5s\`, \`10m\`, \`2h\`, or several parts, as \`1h30m\`.
- Name patterns know \`*\` (any characters) and \`?\` (one character), and are matched against the whole name of a container
  and of its compose service.
- The environment wins over the file. With \`_FILE\` appended, a variable names a file that holds the value, which is the
  way for secrets. Lists are written with commas between.
- Labels of a container win over both: \`stagewatch.role\` (worker, orchestrator, infrastructure, other, ignore),
  \`stagewatch.stage\`, \`stagewatch.gpu\`, \`stagewatch.restart\` (true, false; anything else
  forbids restarts), \`stagewatch.dump_signal\` ([stacks](detection.md#stacks-of-a-hung-worker)). The log names labels that are
  not understood.
- SIGHUP or \`POST /-/reload\` loads the configuration again. A faulty one is refused and named in the log, and the last
  good one stays in force (\`stagewatch_config_last_reload_successful\` is 0). \`listen\`, \`data_dir\` and \`log\` take effect
  at the next start.

${[...sections].map(([section, options]) => renderSection(section, options)).join('\n')}`;
}

function groupBySection(options: readonly OptionEntry[]): Map<string, OptionEntry[]> {
  const sections = new Map<string, OptionEntry[]>();
  for (const option of options) {
    const [first = '', second] = option.path;
    const section = second === undefined ? 'Top level' : second === '[]' ? `Each of ${first}` : first;
    sections.set(section, [...(sections.get(section) ?? []), option]);
  }
  return sections;
}

function renderSection(section: string, options: readonly OptionEntry[]): string {
  const title = section.includes(' ') ? section : `\`${section}\``;
  return `## ${title}\n\n${options.map(renderOption).join('\n')}`;
}

function renderOption({ path, schema }: OptionEntry): string {
  const isInList = path.includes('[]');
  const name = path.filter((key) => key !== '[]').join('.');
  const facts = [
    valueType(schema),
    renderDefault(schema),
    ...(isInList || schema.items?.properties ? [] : [`\`${environmentName(path)}\``]),
  ];
  return `### \`${name}\`\n${facts.join(' · ')}\n\n${schema.description ?? ''}\n`;
}

const MAX_DEFAULT = 200;

function renderDefault({ default: value, anyOf }: JsonSchema): string {
  // Some are filled in by others of theirs: they have no default to be shown, and need not be written.
  if (value === undefined) return anyOf?.some(({ type }) => type === 'null') ? 'default `null`' : 'required';
  const text = JSON.stringify(value);
  if (text.length > MAX_DEFAULT) return 'default: a built-in list, in [the schema](stagewatch.schema.json)';
  return `default \`${text}\``;
}

function valueType(schema: JsonSchema): string {
  const inner = schema.anyOf?.map((one) => one.valueType).find((type) => type !== undefined);
  const isNullable = schema.anyOf?.some(({ type }) => type === 'null');
  const base = (schema.valueType ?? inner ?? schema.type ?? 'value').replace(/^an? /, '');
  return isNullable && !base.includes('null') ? `${base} or null` : base;
}

/** Families kept by prom-client, which are no list of ours. */
const SELF_METRICS = `| \`stagewatch_build_info\` | gauge | version, node_version | Version of stagewatch and of the Node.js it runs on; always 1. |
| \`stagewatch_config_last_reload_successful\` | gauge | | Whether the last attempt to load the configuration succeeded (1) or failed (0). |
| \`stagewatch_http_unauthorized_total\` | counter | | HTTP requests refused because their token, user or password was missing or wrong, or because too many wrong ones came from their address. |
| \`stagewatch_metrics_series_left_out\` | gauge | | Series that this page lacks because another has the same name and labels; 0 unless two things bear one name. |`;

function renderMetrics(): string {
  const rows = ALL_FAMILY_GROUPS.flatMap(({ families }) =>
    families.map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help.replaceAll('|', '\\|')} |`,
    ),
  );
  return `# Metrics

${GENERATED}

\`/metrics\` serves the Prometheus text format 0.0.4, gzip-compressed when asked for. Prefix \`pipeline_\`: facts of the
pipeline; \`stagewatch_\`: the daemon itself. \`process_*\` and \`nodejs_*\` are the usual ones of the Node.js runtime.

State sets have one series a state, 0 or 1. \`container\` is the container's name everywhere, so series join on it. Empty
labels are left out. Times are Unix seconds: an age is \`time() - x\`. Counters of a container go on when it is created
again; the series of one that was removed vanish at once. While a source is down, its gauges stay for a minute and then
vanish, and its counters stay; \`stagewatch_source_up\` tells. No series stands there twice: of two things with the same
labels the first is shown, \`stagewatch_metrics_series_left_out\` counts the rest and the log names their labels. What is
no text is escaped: a byte of a file's name that is no UTF-8 as \`\\xff\`, half a surrogate pair as \`\\ud800\`.

| name | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
${SELF_METRICS}
`;
}

const SEVERITIES = { critical: '▲ critical', warning: '◆ warning', info: '▪ info', none: 'For machines' };

function renderRunbookIndex(): string {
  const parts = Object.entries(SEVERITIES).map(([severity, title]) => {
    const rules = ALERT_RULES.filter(({ labels }) => labels['severity'] === severity);
    const lines = rules.map(
      ({ alert, annotations }) => `- [${alert}](${alert}.md): ${annotations['summary'] ?? ''}`,
    );
    return `## ${title}\n\n${lines.join('\n')}\n`;
  });
  return `# Runbooks\n\n${GENERATED}\n\nOne for every alert of the rules in \`alerts/\`.\n\n${parts.join('\n')}`;
}
