import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEvent } from '../../../src/sources/docker/parse-event.js';

/** As engines send it; Podman also repeats its words on the outermost level. */
const line = (action: string, attributes: object, more: object = {}): string =>
  JSON.stringify({
    ...more,
    Type: 'container',
    Action: action,
    Actor: { ID: 'a1b2', Attributes: attributes },
    time: 1_795_922_000,
    timeNano: 1_795_922_000_000_000_000,
  });
const exitCodeOf = (attributes: object): number | undefined => parseEvent(line('die', attributes)).exitCode;

describe('an event of Podman', () => {
  it('of a health check tells its outcome beside the action, where Docker tells it within', () => {
    assert.equal(parseEvent(line('health_status', {}, { HealthStatus: 'healthy' })).health, 'healthy');
    assert.equal(parseEvent(line('health_status: unhealthy', {})).health, 'unhealthy');
    assert.equal(parseEvent(line('health_status', {})).health, undefined);
    assert.equal(parseEvent(line('health_status: odd', {}, { HealthStatus: 5 })).health, undefined);
    assert.equal(parseEvent(line('start', {}, { HealthStatus: 'healthy' })).health, undefined);
  });

  it('has a word of its own for a removal', () => {
    assert.equal(parseEvent(line('remove', {})).kind, 'destroyed');
  });
});

describe('the event of an end', () => {
  it('tells the exit code by the name that Docker has for it', () => {
    assert.equal(exitCodeOf({ exitCode: '3', name: 'a' }), 3);
    assert.equal(exitCodeOf({ exitCode: '0' }), 0);
  });

  it('tells the exit code by the name that Podman has for it', () => {
    const podman = line(
      'die',
      { containerExitCode: '137', name: 'pa-worker-gpu0-0' },
      { status: 'die', id: 'a1b2' },
    );
    const { action, exitCode } = parseEvent(podman);
    assert.deepEqual({ action, exitCode }, { action: 'die', exitCode: 137 });
  });

  it('is never taken for a good end where it tells no exit code', () => {
    for (const attributes of [
      {},
      { exitCode: '' },
      { exitCode: null },
      { exitCode: 'x' },
      { exitCode: '1.5' },
    ]) {
      assert.equal(exitCodeOf(attributes), undefined, JSON.stringify(attributes));
    }
  });
});
