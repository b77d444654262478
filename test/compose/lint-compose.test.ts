import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { lintCompose } from './lint-compose.js';

const FILES = ['docker-compose.monitoring.yaml', 'examples/pipeline/compose.yaml'];
const SHIPPED = readFileSync(FILES[0] ?? '', 'utf8');

/** The shipped file with one thing changed, which must be there. */
function spoilt(from: string, to: string): readonly string[] {
  assert.ok(SHIPPED.includes(from), from);
  return lintCompose(SHIPPED.replace(from, to));
}

describe('compose files', () => {
  for (const file of FILES) {
    it(`${file} has no fault`, () => assert.deepEqual(lintCompose(readFileSync(file, 'utf8')), []));
  }

  it('with a fault are found: one each', () => {
    const faults = [
      spoilt('pids_limit: 50', 'pid_limit: 50'),
      spoilt('prom/prometheus:v3.14.0', 'prom/prometheus:latest'),
      spoilt('ports: ["127.0.0.1:', 'ports: ["0.0.0.0:'),
      spoilt('docker.sock:ro"]', 'docker.sock"]'),
      spoilt('interval: 10s', 'interval: 10'),
      spoilt('test: [CMD, ./healthcheck]', 'test: ./healthcheck'),
      spoilt('networks: [docker-restart]', 'networks: [docker-restrat]'),
      spoilt('prometheus: { condition: service_healthy }', 'prometheus: { condition: healthy }'),
      spoilt('read_only: true', 'privileged: true'),
    ];
    for (const [index, found] of faults.entries())
      assert.ok(found.length >= 1, `fault ${index} is not found`);
    assert.throws(() => spoilt('  grafana:\n', '  prometheus:\n'), /unique|duplicate/i);
  });
});
