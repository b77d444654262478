import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.js';
import { planSources } from '../../src/sources/all-sources.js';

function load(yaml: string, env: Record<string, string> = {}): LoadedConfig {
  return loadConfig({ file: 'f.yaml', env, readFile: () => yaml });
}

function planOf(loaded: LoadedConfig) {
  assert.ok(loaded.kind === 'ok', JSON.stringify(loaded));
  const plan = planSources(loaded.config, {}).find(({ name }) => name === 'gpu_processes');
  assert.ok(plan);
  return plan;
}

describe('processes on GPUs', () => {
  it('are not read unless that is asked for, and the key that would do it is named', () => {
    const plan = planOf(load(''));
    assert.match(plan.kind === 'absent' ? plan.remedy : '', /set gpu_processes\.command to nvidia-smi/);
  });

  for (const yaml of ['command: nvidia-smi', 'file: /run/gpus.txt', 'url: "http://gpu-host:8000/gpus.txt"']) {
    it(`are read by one of three ways: ${yaml}`, () => {
      assert.equal(planOf(load(`gpu_processes: { ${yaml} }`)).kind, 'watched');
    });
  }

  it('may be asked for by the environment', () => {
    assert.equal(
      planOf(load('', { STAGEWATCH_GPU_PROCESSES_COMMAND: 'chroot /host nvidia-smi' })).kind,
      'watched',
    );
  });

  const faulty: readonly (readonly [yaml: string, message: RegExp])[] = [
    ['gpu_processes: { command: nvidia-smi, file: /run/g }', /expected one of command, file and url/],
    ['gpu_processes: { url: "ftp://me:secret@host" }', /expected a URL like http:\/\/gpu-host/],
    ['gpu_processes: { interval: 100ms }', /from 1s to 10m/],
    ['gpu_processes: { comand: x }', /unknown key "comand"/],
  ];
  for (const [yaml, message] of faulty) {
    it(`have faults named with their place: ${yaml}`, () => {
      const loaded = load(yaml);
      assert.ok(loaded.kind === 'faulty');
      assert.match(loaded.faults[0]?.message ?? '', message);
      assert.match(loaded.faults[0]?.place ?? '', /^f\.yaml:1:\d+$/);
      assert.doesNotMatch(JSON.stringify(loaded.faults), /secret/);
    });
  }
});
