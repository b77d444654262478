import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerJson, FleetJson } from '../../../src/views/picture/api-shapes.js';
import { sayOther } from '../../../src/views/picture/others.js';
import { describePicture } from '../../../src/views/picture/picture.js';
import { otherRows } from '../../../src/views/terminal/other-rows.js';

const AT = '2026-01-01T04:12:00.000Z';
const show = (fleet: FleetJson) => describePicture({ fleet: { at: AT, ...fleet }, nowMs: Date.parse(AT) });
const other = (container: string, more: Partial<ContainerJson> = {}): ContainerJson => ({
  container,
  role: 'other',
  state: 'running',
  startedAt: '2026-01-01T04:00:00.000Z',
  ...more,
});

describe('containers that are no part of the pipeline', () => {
  const CONTAINERS = [
    other('shop-web-1', { project: 'shop' }),
    other('shop-web-2', {
      project: 'shop',
      restarts: { policy: 2, other: 1 },
      oomEvents: 1,
      cpuRecentCores: 0.42,
    }),
    other('shop-init-1', { project: 'shop', state: 'exited', lastExitCode: 0 }),
    other('nightly', { state: 'exited', lastExitCode: 137, finishedAt: '2026-01-01T04:10:00.000Z' }),
    other('cache', { health: 'unhealthy' }),
    { container: 'ocr-worker-1', role: 'worker', state: 'running', project: 'shop' },
  ];

  it('are grouped by project, those in trouble first, and say how they are', () => {
    const { others } = show({ containers: CONTAINERS });
    assert.equal(others.count, 5);
    const said = others.groups.map(({ label, containers }) => [
      label,
      ...containers.map((one) => `${one.container} ${one.status}: ${sayOther(one)}`),
    ]);
    assert.deepEqual(said, [
      [
        'no project',
        'nightly down: exited with code 137 for 2m00s',
        'cache slow: running, unhealthy for 12m00s',
      ],
      [
        'shop',
        'shop-web-2 active: running for 12m00s · 3 restarts, 1 OOM kill, 0.4 cores',
        'shop-web-1 active: running for 12m00s',
        'shop-init-1 done: exited with code 0',
      ],
    ]);
  });

  it('are summed in the terminal where they are many, but for those in trouble', () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      other(`web-${index}`, { project: `p${index % 20}` }),
    );
    const { others } = show({ containers: [...many, ...CONTAINERS], othersLeftOut: 7 });
    const rows = otherRows(others, { width: 100, maxGroups: 12, maxPerGroup: 8, maxAll: 12 });
    const lines = rows.map(({ line }) =>
      line
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    );
    assert.match(lines[0] ?? '', /^OTHER CONTAINERS \(312\)/);
    assert.equal(lines.length, 1 + 12 + 3 + 1);
    assert.ok(lines.some((line) => /nightly +exited with code 137/.test(line)));
    assert.ok(!lines.some((line) => line.includes('web-17')));
    assert.match(lines.at(-1) ?? '', /and 10 projects more, 7 containers more$/);
  });
});

describe('what is not watched', () => {
  const source = (name: string) => ({ source: name, up: true });

  it('is named with the one key that adds most', () => {
    const workers = [{ container: 'a', status: 'active' }];
    const sources = [source('docker'), source('progress')];
    assert.deepEqual(show({ workers, sources }).gaps, {
      text: 'Not watched: rabbitmq, sentinels, dcgm. rabbitmq.management_url adds most: queues, what waits in them and who serves them.',
      key: 'rabbitmq.management_url',
    });
  });

  it('is nothing where all is watched and somebody is known', () => {
    const sources = ['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm'].map(source);
    const workers = [{ container: 'a', status: 'active' }];
    assert.deepEqual(show({ workers, sources }).gaps, { text: null, key: null });
    assert.equal(show({ sources: [] }).gaps.text, null);
  });

  it('is less than not to know who is a worker', () => {
    const picture = show({ containers: [other('a'), other('b')], sources: [source('docker')] });
    assert.equal(picture.gaps.key, 'stages[].workers');
    assert.match(picture.gaps.text ?? '', /^Not watched: rabbitmq, .* which of 2 containers are workers\.$/);
    assert.match(
      picture.sentence.text,
      /^No problem is known, and none of 2 containers is known as a worker/,
    );
    assert.equal(picture.sentence.isWell, false);
    const near = (more: FleetJson) => show({ sources: [source('docker')], ...more }).gaps.key;
    const broker = other('mq', { image: 'docker.io/library/rabbitmq:3-management' });
    assert.equal(near({ containers: [other('a'), broker] }), 'rabbitmq.management_url');
    const ways = [{ via: 'management', up: true }];
    assert.equal(near({ containers: [other('a'), broker], broker: { ways } }), 'stages[].workers');
  });
});
