/** The words of the demo: where to look, what is about to happen, what strikes, and what the daemon makes of it; pure. */

import { renderConfig } from '../config/render-config.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { DEMO_TOKEN } from '../simulation/demo-config.js';
import type { FaultKind } from '../simulation/fault-plan.js';
import type { FaultTruth } from '../simulation/truth.js';
import type { DemoNews } from './demo-child.js';

export interface Guide {
  readonly url: string;
  readonly folder: string;
  readonly dataDir: string;
  readonly containers: number;
  readonly workers: number;
  readonly profile: string;
  readonly speed: number;
  readonly isRecovering: boolean;
  /** How stagewatch is called here: `node dist/main.js` in a checkout. */
  readonly command: string;
}

export function renderGuide({
  url,
  folder,
  dataDir,
  containers,
  workers,
  profile,
  speed,
  isRecovering,
  command,
}: Guide): string {
  const recovery = isRecovering
    ? 'Stuck workers are restarted.'
    : 'What would be restarted is only said; --recover restarts it.';
  return `stagewatch demo: a simulated pipeline with ${profile.replace('gpu', ' GPUs')}, ${counted(containers, 'container')} and ${counted(workers, 'worker')}.
One second here is ${speed === 1 ? 'one' : speed} of the pipeline. ${recovery}

  page      ${url}/
  metrics   ${url}/metrics
  terminal  ${command} status --url ${url} --watch
  restart   STAGEWATCH_WEB_BEARER_TOKEN=${DEMO_TOKEN} ${command} restart CONTAINER --url ${url} --dry-run
  report    ${command} report --journal ${dataDir}
  engine    docker -H unix://${folder}/docker.sock ps
  files     ${folder}
  token     ${DEMO_TOKEN}   (for the buttons of the page, and every POST)

Within a minute: a stage is handed more than it can do and its queue grows; a worker hangs; jobs of a stage
fail for several reasons. After that one thing after another goes wrong, and comes right again.
Ctrl-C ends it and leaves nothing behind.

`;
}

export interface ServersOnly {
  readonly folder: string;
  readonly configFile: string;
  readonly config: object;
}

/** A whole stagewatch.yaml: what is said beside it stands in comments. */
export function renderServersOnly({ folder, configFile, config }: ServersOnly): string {
  return `# A simulated pipeline is being served, without a daemon. Watch it with:
#   stagewatch serve --config ${configFile}
#   docker -H unix://${folder}/docker.sock ps
# Ctrl-C ends it and leaves nothing behind.
${renderConfig(config)}`;
}

const WORDS: Readonly<Record<FaultKind, string>> = {
  hang: 'hangs: no step, no CPU',
  livelock: 'turns in circles: busy, no step',
  crash: 'dies of a segmentation fault',
  'crash-message-lost': 'dies with a job in hand that it had acked already',
  'crash-with-sentinel': 'fails, says so and dies',
  oom: 'is killed for want of memory',
  'lost-consumer': 'loses its consumer, and does not notice',
  'slow-stage': 'needs four times as long as usual',
  resubmission: 'is handed many old documents again, more than it can do',
  'understaffed-stage': 'loses nearly all of its workers: somebody stopped them',
  'poison-document': 'a document kills whoever takes it',
  'mass-hang': 'many of its workers hang together',
  'gpu-lost': 'falls off the bus, and its workers hang',
  'vram-leak': 'leaks memory',
  'broker-outage': 'RabbitMQ is away',
  'engine-outage': 'the Docker Engine is away',
  'dcgm-outage': 'the dcgm-exporter is away',
  'progress-outage': 'the folder of the progress files is away',
  'clock-skew': 'has a clock that is wrong',
  'naive-clock': 'writes its local time without a zone, five hours off',
  'quiet-call': 'waits minutes for a remote call, and nothing moves',
  'quiet-call-with-traffic': 'waits minutes for a remote call that answers slowly',
  'censored-jobs': 'has a few very long jobs among short ones',
  'queues-by-design': 'a queue without consumers by design holds messages',
  'dead-letters': 'a dead-letter queue fills',
  redelivered: 'is killed, and its message is delivered to another worker',
  'poison-crashes': 'a document crashes whoever takes it',
  'disk-full': 'the disk of the artifacts is full',
  standstill: 'the disk of the artifacts is full until nothing moves',
  'stuck-in-kernel': 'waits for a disk in the kernel, and cannot be killed',
  'half-open-consumer': 'has lost its connection, and the broker has not noticed',
  'rolling-deploy': 'all of its workers are replaced, one by one: nothing to worry about',
  'scale-up': 'four orchestrators are added',
  'scale-down': 'three orchestrators are taken away',
  'failing-stage': 'its jobs begin to fail',
};

/** `paddle-worker-gpu1-0 at G3_02 hangs: no step, no CPU` */
export function describeFault({ kind, container, stage, gpu }: FaultTruth): string {
  const place = stage === undefined ? '' : `stage ${stage}`;
  const who =
    container === undefined
      ? place === '' && gpu !== undefined
        ? `GPU ${gpu}`
        : place
      : `${container} (${stage ?? ''})`;
  return who === '' ? WORDS[kind] : `${who}: ${WORDS[kind]}`;
}

export function describeNews(news: DemoNews): string {
  switch (news.kind) {
    case 'struck':
      return describeFault(news.fault);
    case 'over':
      return `over: ${describeFault(news.fault)}`;
    case 'prometheus':
      return `a Prometheus scrapes it, with ${counted(news.ruleFiles, 'file')} of rules: ${news.url}/alerts`;
    case 'no-prometheus':
      return `the Prometheus on the PATH cannot be used: ${news.problem}`;
  }
}

const MARKS: Readonly<Record<string, string>> = { critical: '▲', warning: '◆', info: '▪' };

type Entry = Readonly<Record<string, unknown>>;

/** What of the daemon's log is news to somebody who watches the demo; undefined: nothing. */
export function describeLogEntry(entry: Entry): string | undefined {
  const text = (key: string): string => (typeof entry[key] === 'string' ? entry[key] : '');
  const folded = text('consequenceOf') === '' ? '' : ', a consequence';
  switch (text('msg')) {
    case 'finding opened':
      return `${MARKS[text('severity')] ?? '▪'} ${text('kind')} ${subjectOf(entry)}: ${text('summary')}${folded}`;
    case 'finding cleared':
      return `✓ ${text('kind')} ${subjectOf(entry)} is over after ${text('lasted')}`;
    case 'dry run of a restart':
      return `${text('container')}: ${text('text')}`;
    case 'container restarted':
      return `has restarted ${text('container')}`;
    case 'restart ended':
      return `${text('container')}: ${text('result').replace('_', ' ')} after its restart`;
    default:
      return text('level') === 'error' || text('level') === 'fatal' ? text('msg') : undefined;
  }
}

function subjectOf(entry: Entry): string {
  for (const key of ['container', 'queue', 'gpu', 'stage', 'source', 'document']) {
    const value = entry[key];
    if (typeof value === 'string') return key === 'gpu' ? `GPU ${value}` : value;
  }
  return '';
}

/** `0:42  pipeline    paddle-worker-gpu1-0 hangs` */
export function renderStoryLine(elapsedMs: number, who: 'pipeline' | 'stagewatch', text: string): string {
  return `${formatDuration(Math.max(0, elapsedMs)).padStart(6)}  ${who.padEnd(10)}  ${text}\n`;
}
