import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  asOfPodman,
  parseContainerList,
  parseInspected,
} from '../../../src/sources/docker/parse-container.js';
import { SourceError } from '../../../src/sources/source-error.js';
import { inspected } from '../../support/fake-engine.js';

const entry = (more: object) => ({
  Id: 'a1b2c3d4e5f6a7b8',
  Names: ['/a'],
  Image: 'box:1',
  Labels: {},
  Created: 1,
  State: 'running',
  Status: 'Up 2 seconds',
  ...more,
});
const first = (more: object) => parseContainerList([entry(more)]).containers[0];

describe('the list of containers', () => {
  it('takes a short id for the name of a container that has none', () => {
    assert.equal(first({ Names: null })?.name, 'a1b2c3d4e5f6');
    assert.equal(first({ Names: [] })?.name, 'a1b2c3d4e5f6');
  });

  it('takes the own name of a linked container', () => {
    assert.equal(first({ Names: ['/other/alias', '/own'] })?.name, 'own');
  });

  it('keeps names and labels with odd characters as they are', () => {
    const label = 'a "quoted", \\ back\nslash é 漢';
    const found = first({ Names: ['/ä.b_c-d'], Labels: { 'stagewatch.stage': label, other: 'dropped' } });
    assert.equal(found?.name, 'ä.b_c-d');
    assert.deepEqual(found?.labels, { 'stagewatch.stage': label });
  });

  it('reads health from the text of the status', () => {
    assert.equal(first({ Status: 'Up 17 minutes (healthy)' })?.health, 'healthy');
    assert.equal(first({ Status: 'Up 2 seconds (health: starting)' })?.health, 'starting');
    assert.equal(first({ Status: 'Up 3 hours (unhealthy)' })?.health, 'unhealthy');
    assert.equal(first({ Status: 'Up 3 hours (Paused)' })?.health, undefined);
  });

  it('translates the states of other engines', () => {
    assert.equal(first({ State: 'stopped' })?.state, 'exited');
  });

  it('tells which containers are there although their entries cannot be read, and whether any may be', () => {
    const broken = entry({ Id: 'b1', Names: ['/b-worker'], State: 5 });
    const known = parseContainerList([entry({}), broken]);
    assert.deepEqual(known.unreadableIds, ['b1']);
    assert.equal(known.isComplete, true);
    assert.match(known.problems[0]?.message ?? '', /\(b-worker\) has an unexpected shape at State/);
    assert.equal(parseContainerList([entry({}), 'x']).isComplete, false);
    assert.equal(parseContainerList([null, { Id: 7 }]).isComplete, false);
  });

  it('leaves out a broken entry, says where it is broken, and keeps the others', () => {
    const { containers, problems } = parseContainerList([
      entry({}),
      entry({ State: 5 }),
      'x',
      entry({ State: 'odd' }),
    ]);
    assert.equal(containers.length, 1);
    assert.deepEqual(
      problems.map(({ message }) => /State|the whole|odd/.test(message)),
      [true, true, true],
    );
  });
});

describe('an inspected container', () => {
  it('keeps fractions of a millisecond of its times', () => {
    const facts = parseInspected(
      inspected({ id: 'a', name: 'a', state: 'running', startedAt: '2026-11-23T21:52:03.999737008Z' }),
    );
    assert.equal(facts.startedAtMs, Date.parse('2026-11-23T21:52:03Z') + 999.737008);
    assert.equal(facts.finishedAtMs, undefined);
  });

  it('is held down where its policy restarts it after such an end, and it stays down', () => {
    const isHeldDown = (state: object, policy: object, restarts = 0): boolean =>
      parseInspected({
        ...inspected({ id: 'a', name: 'a', state: 'exited', exitCode: 3, restartCount: restarts }),
        ...state,
        HostConfig: { RestartPolicy: policy },
      }).isHeldDown === true;
    const ended = (more: object) => ({ State: { Status: 'exited', ExitCode: 3, ...more } });
    assert.equal(isHeldDown({}, { Name: 'always', MaximumRetryCount: 0 }), true);
    assert.equal(isHeldDown({}, { Name: 'unless-stopped' }), true);
    assert.equal(isHeldDown({}, { Name: 'on-failure', MaximumRetryCount: 0 }), true);
    assert.equal(isHeldDown({}, { Name: 'on-failure', MaximumRetryCount: 3 }, 2), true);
    assert.equal(isHeldDown({}, { Name: 'on-failure', MaximumRetryCount: 3 }, 3), false);
    assert.equal(isHeldDown(ended({ ExitCode: 0 }), { Name: 'on-failure' }), false);
    assert.equal(isHeldDown({}, { Name: 'no' }), false);
    assert.equal(isHeldDown({}, {}), false);
    assert.equal(isHeldDown(ended({ Status: 'restarting' }), { Name: 'always' }), false);
    assert.equal(isHeldDown(ended({ Error: 'no such device' }), { Name: 'always' }), false);
  });

  it('has no exit code where the engine tells none', () => {
    const facts = parseInspected({
      ...inspected({ id: 'a', name: 'a', state: 'exited' }),
      State: { Status: 'exited' },
    });
    assert.equal(facts.exitCode, undefined);
  });

  it('is refused with the place that is wrong', () => {
    assert.throws(
      () => parseInspected({ ...inspected({ id: 'a', name: 'a', state: 'running' }), State: {} }),
      {
        name: 'SourceError',
        message: /unexpected shape at State\.Status/,
      },
    );
  });

  it('never fails with anything but a SourceError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        for (const parse of [parseInspected, parseContainerList]) {
          try {
            parse(answer);
          } catch (error) {
            assert.ok(error instanceof SourceError);
          }
        }
      }),
    );
  });
});

describe('what an inspect of Podman means', () => {
  it('is no holding down, and a restart that is not counted yet, where its container is down', () => {
    const dead = { id: 'a1b2c3', name: 'a', restartCount: 1, exitCode: 3 } as const;
    const facts = parseInspected(inspected({ ...dead, state: 'exited' }));
    assert.equal(facts.isHeldDown, true);
    const { isHeldDown, isCountBehind } = asOfPodman(facts);
    assert.deepEqual({ isHeldDown, isCountBehind }, { isHeldDown: undefined, isCountBehind: true });
    assert.equal(
      asOfPodman(parseInspected(inspected({ ...dead, state: 'running' }))).isCountBehind,
      undefined,
    );
  });
});
