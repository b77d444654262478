import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClientContainer, canonicalAddress, createClientIndex } from '../../src/fleet/client-index.js';
import type { ChannelReading } from '../../src/fleet/client-model.js';
import { createDiscovery, type DiscoveryScene } from '../../src/fleet/discovery.js';
import { titleOfImage } from '../../src/fleet/known-images.js';
import type { QueueKind } from '../../src/fleet/queue-model.js';

const compose = (project: string, service: string, number = '1') => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': number,
});

function container(service: string, address: string, more: Partial<ClientContainer> = {}): ClientContainer {
  const name = `shop-${service}-1`;
  return {
    ...{ identity: `shop/${service}/1`, id: `${address.replaceAll(/\W/g, '')}aaaaaaaaaaaa`, name },
    ...{ labels: compose('shop', service), image: 'app:1', addresses: [address], startedAtMs: 100_000 },
    ...more,
  };
}

function channel(
  peerHost: string,
  more: Partial<ChannelReading> & { readonly queues?: readonly string[] } = {},
): ChannelReading {
  const { queues = [], ...rest } = more;
  const connection = `${peerHost}:40000 -> 172.29.0.9:5672`;
  const consumes = queues.map((queue) => ({ queue, isAckRequired: true }));
  return { name: `${connection} (1)`, connection, peerHost, connectedAtMs: 200_000, consumes, ...rest };
}

const KINDS: Readonly<Record<string, QueueKind>> = { 'celeryev.1': 'event' };
const scene = (...containers: readonly ClientContainer[]): DiscoveryScene => ({
  containers,
  index: createClientIndex(containers),
  kindOf: (queue) =>
    KINDS[queue] ?? (queue.startsWith('unwatched') || queue.startsWith('amq.') ? undefined : 'work'),
  stageOf: (queue) => (queue === 'g3_02' ? 'G3_02' : undefined),
});
const reading = (...channels: readonly ChannelReading[]) => ({
  atMs: 0,
  readAtMs: 0,
  isComplete: true,
  channels,
});

/** As two reads in a row find it. */
function discover(given: DiscoveryScene, ...channels: readonly ChannelReading[]) {
  const discovery = createDiscovery();
  discovery.apply(reading(...channels), given);
  discovery.apply(reading(...channels), given);
  return discovery;
}

const OCR = container('ocr', '172.29.0.2');
const API = container('api', '172.29.0.3');
const REDIS = container('cache', '172.29.0.4', { image: 'docker.io/library/redis:7-alpine' });
const BROKER = container('mq', '172.29.0.9', { image: 'registry.example/broker:1' });

describe('the broker’s clients', () => {
  it('say which services are stages, orchestrators and infrastructure', () => {
    const other = container('docs', '172.29.0.8');
    const discovery = discover(
      scene(OCR, API, REDIS, BROKER, other),
      channel('172.29.0.2', { queues: ['q.ocr'] }),
      channel('::ffff:172.29.0.3', { published: 7 }),
    );
    assert.deepEqual(discovery.roleOf(OCR), { role: 'worker', stage: 'q.ocr', queues: ['q.ocr'] });
    assert.deepEqual(discovery.roleOf(API), { role: 'orchestrator' });
    assert.deepEqual(discovery.roleOf(REDIS), { role: 'infrastructure', title: 'Redis' });
    assert.deepEqual(discovery.roleOf(BROKER), { role: 'infrastructure', title: 'RabbitMQ' });
    assert.equal(discovery.roleOf(other), undefined);
  });

  it('make several services of one queue one stage, and one service of several queues a stage of its own', () => {
    const fast = container('ocr-fast', '172.29.0.5');
    const many = container('tasks', '172.29.0.6');
    const discovery = discover(
      scene(OCR, fast, many),
      channel('172.29.0.2', { queues: ['q.ocr'] }),
      channel('172.29.0.5', { queues: ['q.ocr'] }),
      channel('172.29.0.6', { queues: ['b', 'a'] }),
    );
    assert.equal(discovery.roleOf(fast)?.stage, 'q.ocr');
    assert.deepEqual(discovery.roleOf(many), { role: 'worker', stage: 'tasks', queues: ['a', 'b'] });
  });

  it('give the stage that is configured with the queue', () => {
    const discovery = discover(scene(OCR), channel('172.29.0.2', { queues: ['g3_02'] }));
    assert.equal(discovery.roleOf(OCR)?.stage, 'G3_02');
  });

  it('are believed when two reads agree', () => {
    const discovery = createDiscovery();
    const clients = reading(channel('172.29.0.2', { queues: ['q.ocr'] }));
    assert.equal(discovery.apply(clients, scene(OCR)), false);
    assert.equal(discovery.apply(reading(), scene(OCR)), false);
    assert.equal(discovery.apply(clients, scene(OCR)), false);
    assert.equal(discovery.roleOf(OCR), undefined);
    assert.equal(discovery.apply(clients, scene(OCR)), true);
    assert.equal(discovery.roleOf(OCR)?.role, 'worker');
  });

  it('take no role away by being gone, nor by losing a part of their consumers', () => {
    const many = channel('172.29.0.2', { queues: ['a', 'b'] });
    const discovery = discover(scene(OCR), many);
    for (const left of [
      [],
      [channel('172.29.0.2', { queues: ['b'], published: 3 })],
      [channel('172.29.0.2', { published: 3 })],
    ]) {
      for (let time = 0; time < 3; time++) assert.equal(discovery.apply(reading(...left), scene(OCR)), false);
      assert.deepEqual(discovery.roleOf(OCR)?.queues, ['a', 'b']);
    }
    const moved = reading(channel('172.29.0.2', { queues: ['c'] }));
    discovery.apply(moved, scene(OCR));
    assert.equal(discovery.apply(moved, scene(OCR)), true);
    assert.equal(discovery.roleOf(OCR)?.stage, 'c');
  });

  it('are no orchestrators as monitors or servers', () => {
    const flower = container('flower', '172.29.0.7');
    const discovery = discover(
      scene(flower, REDIS),
      channel('172.29.0.7', { queues: ['celeryev.1'], published: 9 }),
      channel('172.29.0.4', { published: 9 }),
    );
    assert.equal(discovery.roleOf(flower), undefined);
    const published = (queue: string) =>
      discover(scene(API), channel('172.29.0.3', { queues: [queue], published: 9 }));
    assert.equal(published('amq.gen-x').roleOf(API)?.role, 'orchestrator');
    assert.equal(published('unwatched.jobs').roleOf(API), undefined);
    assert.equal(discovery.roleOf(REDIS), undefined);
  });

  it('make no worker of a known server, though somebody in its name consumes', () => {
    const database = container('db', '172.29.0.8', { image: 'postgres:16' });
    const claimed = { queues: ['jobs'], clientName: database.name };
    const discovery = discover(scene(database), channel('203.0.113.66', claimed));
    assert.equal(discovery.roleOf(database), undefined);
  });

  it('of a service of Swarm give no role to a container that bears its name', () => {
    const plain = container('x', '172.29.0.7', { name: 'app', labels: {} });
    const task = container('y', '172.29.0.8', {
      name: 'app.1.abc',
      labels: { 'com.docker.swarm.service.name': 'app', 'com.docker.swarm.task.name': 'app.1.abc' },
    });
    const discovery = discover(scene(plain, task), channel('172.29.0.8', { queues: ['jobs'] }));
    assert.equal(discovery.roleOf(task)?.role, 'worker');
    assert.equal(discovery.roleOf(plain), undefined);
  });

  it('are remembered over a restart of the daemon, and a file of any shape is survived', () => {
    const saved: unknown = JSON.parse(
      JSON.stringify(discover(scene(OCR), channel('172.29.0.2', { queues: ['q.ocr'] })).save()),
    );
    const next = createDiscovery();
    assert.equal(next.restore(saved), true);
    assert.deepEqual(next.roleOf(OCR), { role: 'worker', stage: 'q.ocr', queues: ['q.ocr'] });
    for (const broken of [
      undefined,
      null,
      7,
      [],
      { services: 7 },
      { services: [7, { service: 'x', role: 'boss' }, { service: 'x', role: 'worker' }] },
    ]) {
      assert.equal(createDiscovery().restore(broken), false);
    }
  });
});

describe('a client of the broker', () => {
  const find = (containers: readonly ClientContainer[], given: ChannelReading) =>
    createClientIndex(containers).find(given)?.name;

  it('is known by its address, in any spelling', () => {
    const six = container('six', 'fd00:0:0::2');
    assert.equal(find([OCR, six], channel('172.29.0.2')), 'shop-ocr-1');
    assert.equal(find([OCR, six], channel('fd00::2')), 'shop-six-1');
    assert.equal(canonicalAddress('::FFFF:10.0.0.1'), '10.0.0.1');
    assert.equal(canonicalAddress('no:address:at all'), 'no:address:at all');
  });

  it('behind a gateway is known by the name of its connection, where that means one container', () => {
    const named = (clientName: string) => channel('172.29.0.1', { clientName });
    assert.equal(find([OCR, API], named('celery@1722902aaaaa')), 'shop-ocr-1');
    assert.equal(find([OCR, API], named('worker on ocr-1')), 'shop-ocr-1');
    assert.equal(find([OCR, API], named('ocr-1 and api-1')), undefined);
    assert.equal(find([OCR, API], channel('172.29.0.1')), undefined);
  });

  it('on the host’s network is known by loopback and the ports of its connection', () => {
    const own = (service: string, localPort: number) =>
      container(service, '', { addresses: [], portPairs: [{ localPort, remotePort: 5672 }] });
    const near = (peerPort: number, brokerPort = 5672, peerHost = '127.0.0.1') => {
      const connection = `${peerHost}:${peerPort} -> ${peerHost}:${brokerPort}`;
      return channel(peerHost, { peerPort, connection });
    };
    const all = [own('a', 40_001), own('b', 40_002), OCR];
    assert.equal(find(all, near(40_002)), 'shop-b-1');
    assert.equal(find(all, near(40_001, 5672, '::1')), 'shop-a-1');
    assert.equal(find(all, near(40_003)), undefined);
    assert.equal(find(all, near(40_002, 5673)), undefined);
    assert.equal(find(all, near(40_002, 5672, '10.0.0.1')), undefined);
    assert.equal(find([...all, own('c', 40_002)], near(40_002)), undefined);
  });

  it('that is older than the container which has its address now was another one', () => {
    assert.equal(find([OCR], channel('172.29.0.2', { connectedAtMs: 60_000 })), undefined);
    assert.equal(find([OCR], channel('172.29.0.2', { connectedAtMs: 99_000 })), 'shop-ocr-1');
  });

  it('of an address that two containers share is neither of them', () => {
    const side = container('side', '', { addresses: [], networkOf: OCR.id });
    assert.equal(find([OCR, side], channel('172.29.0.2')), undefined);
    assert.equal(find([OCR, side], channel('172.29.0.2', { clientName: 'shop-side-1' })), 'shop-side-1');
  });
});

it('servers are known by their image, with any registry, tag and digest', () => {
  assert.equal(titleOfImage('localhost:5000/x/rabbitmq:3.13-management@sha256:abc'), 'RabbitMQ');
  assert.equal(titleOfImage('lfoppiano/grobid:0.8.1'), 'GROBID');
  assert.equal(titleOfImage('pgvector/pgvector:pg16'), 'PostgreSQL');
  assert.equal(titleOfImage('my-redis-client:1'), undefined);
  assert.equal(titleOfImage(''), undefined);
});
