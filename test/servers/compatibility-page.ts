/** docs/compatibility.md: which versions of which servers the tests were run on, from the records of those runs. */

import { counted } from '../../src/lib/counted.js';
import { type RunRecord, readRunRecords } from './run-records.js';
import type { ServerName } from './suite-tests.js';

const SERVERS: Readonly<Record<ServerName, { readonly title: string; readonly tries: string }>> = {
  docker: {
    title: 'Docker Engine',
    tries: 'states, exits, restarts, health, CPU, evidence, restarts by stagewatch, Swarm',
  },
  podman: {
    title: 'Podman (`podman system service`, the Docker API)',
    tries: 'states, exits, restarts, health, CPU, evidence, a restart by stagewatch',
  },
  rabbitmq: {
    title: 'RabbitMQ',
    tries: 'depths and counters by all three interfaces, outages, redelivery, the worker kits',
  },
  prometheus: { title: 'Prometheus', tries: 'every rule, dashboard query and report query' },
  alertmanager: { title: 'Alertmanager', tries: 'routing, inhibition, mail templates, resolving' },
};

const PREAMBLE = `Each row is a program of one version from Debian's packages, and the test files of \`npm test\` that start it. Counts and
versions come from the runs themselves: \`STAGEWATCH_RECORD_RUNS=1 npm test\` writes \`test/servers/run-records.json\`, of which
\`npm run docs\` makes this page. A newer Debian is made once in a folder by debootstrap; \`STAGEWATCH_TEST_SUITES=host,trixie,sid\`
names the ones to run on.`;

const KNOWN = `## Known not to work, or to work otherwise

- **RabbitMQ 4.2.6 and later**: a passive declare needs a right on the queue; \`read\` is enough, except in 4.2.6 and 4.3.0,
  which want \`configure\` ([permissions](rabbitmq.md#permissions)). Without it depths come from the other URLs.
- **RabbitMQ 4.x**: the metrics page goes on to show the counters of a deleted queue; a queue counts as there only where its
  depth is.
- **RabbitMQ 4.3 and later**: only quorum queues have a consumer timeout; classic queues refuse \`x-consumer-timeout\`.
- **RabbitMQ before 3.12**: the metrics page counts by channel only, so what a channel did in its last seconds is not counted.
- **VictoriaMetrics** is not tried as a whole; of the alert rules only PipelineWorkerStuck was run in its own \`vmalert-tool\`
  (1.112), and holds. By its documentation \`increase()\` and \`rate()\` do not extrapolate to the edges of their window and count
  from the last sample before it, so figures of reports and dashboards can differ from Prometheus' by a scrape interval's worth.
- **Node.js**: types compile with those of 20, 22 and 24; on 24.22 the 2,638 tests that start no server were run, and
  none failed that passes on 20. Node.js 20
  gets no more fixes since April 2026; the container image runs on 24.
- **Docker 28.5** (sid): \`how-it-ended.test.ts\` fails in one of its cases, a \`docker kill\` in the restart back-off, which is taken
  for "asked for" in place of "kept down on request"; its row leaves this file out.
- **Podman 4.3** failed two of its four cases once, on a busy machine, and none in the runs since.
- **Docker Engine before 20.10** was never tried.
`;

export function renderCompatibility(generated: string, records = readRunRecords()): string {
  const names = Object.keys(SERVERS) as ServerName[];
  const tables = names.map((name) => renderServer(name, records));
  return `# Compatibility\n\n${generated}\n\n${PREAMBLE}\n\n${tables.join('\n')}\n${KNOWN}`;
}

function renderServer(name: ServerName, records: readonly RunRecord[]): string {
  const { title, tries } = SERVERS[name];
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const version = record.versions[name];
    if (version === undefined) continue;
    const place = `${version} | ${record.system}`;
    groups.set(place, [...(groups.get(place) ?? []), record]);
  }
  const rows = [...groups]
    .toSorted(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }))
    .map(([place, group]) => `| ${place} | ${describeGroup(group)} |`);
  return `## ${title}

Tried: ${tries}.

| version | from | what was run | passed | failed | skipped | when |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function describeGroup(group: readonly RunRecord[]): string {
  const sum = (key: 'passed' | 'failed' | 'skipped'): number =>
    group.reduce((total, record) => total + record[key], 0);
  const total = sum('passed') + sum('failed') + sum('skipped');
  const days = [...new Set(group.map(({ day }) => day))].toSorted();
  const when = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : days[0];
  const run = `${counted(total, 'test')} of ${counted(group.length, 'file')}`;
  return [run, sum('passed'), sum('failed'), sum('skipped'), when].join(' | ');
}
