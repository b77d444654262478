import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.js';
import { planSources } from '../../src/sources/all-sources.js';

function load(yaml: string, env: Record<string, string> = {}): LoadedConfig {
  return loadConfig({ file: 'f.yaml', env, readFile: () => yaml });
}

function planOf(loaded: LoadedConfig) {
  assert.ok(loaded.kind === 'ok', JSON.stringify(loaded));
  const plan = planSources(loaded.config, {}).find(({ name }) => name === 'dcgm');
  assert.ok(plan);
  return plan;
}

describe('without an exporter', () => {
  it('GPUs are not watched, and the key that would add them is named', () => {
    const plan = planOf(load(''));
    assert.equal(plan.kind, 'absent');
    assert.match(plan.kind === 'absent' ? plan.remedy : '', /set dcgm\.url/);
  });
});

describe('with an exporter', () => {
  it('GPUs are watched every 10 seconds', () => {
    const loaded = load('dcgm: { url: "http://gpu-host:9400" }');
    assert.equal(planOf(loaded).kind, 'watched');
    assert.deepEqual(loaded.kind === 'ok' && loaded.config.dcgm, {
      url: 'http://gpu-host:9400',
      interval: 10_000,
      request_timeout: 5000,
    });
  });

  it('its URL may come from the environment', () => {
    assert.equal(planOf(load('', { STAGEWATCH_DCGM_URL: 'https://gpu-host/metrics' })).kind, 'watched');
  });
});

describe('a fault', () => {
  const faulty: readonly (readonly [string, RegExp])[] = [
    ['dcgm: { url: "ftp://user:secret@host" }', /expected a URL like http:\/\/dcgm-exporter:9400/],
    ['dcgm: { url: gpu-host:9400 }', /expected a URL like/],
    ['dcgm: { interval: 10 }', /expected a duration like .* from 1s to 10m, got 10/],
    ['dcgm: { interval: 100ms }', /from 1s to 10m/],
    ['dcgm: { adress: x }', /unknown key "adress"/],
  ];
  for (const [yaml, message] of faulty) {
    it(`is named with its place and without a password: ${yaml}`, () => {
      const loaded = load(yaml);
      assert.ok(loaded.kind === 'faulty');
      assert.equal(loaded.faults.length, 1);
      assert.match(loaded.faults[0]?.message ?? '', message);
      assert.match(loaded.faults[0]?.place ?? '', /^f\.yaml:1:\d+$/);
      assert.doesNotMatch(JSON.stringify(loaded.faults), /secret/);
    });
  }
});
