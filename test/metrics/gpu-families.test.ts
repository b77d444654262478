import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import type { GpuRequest } from '../../src/fleet/gpu-model.js';
import type { GpuProcess } from '../../src/fleet/gpu-process-model.js';
import { parseTextFormat } from '../../src/lib/text-format-parser.js';
import { gpuContainerFamilies, gpuFamilies } from '../../src/metrics/gpu-families.js';
import { gpuHoldingFamilies, gpuOrphanFamilies } from '../../src/metrics/gpu-process-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { parseDcgm } from '../../src/sources/dcgm/parse-dcgm.js';
import { renderFleetJson } from '../../src/views/fleet-json.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_DAEMON_FACTS, NO_VERDICTS } from '../support/no-verdicts.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

function readExposition(store: FleetStore, text: string, atMs = 1000): void {
  store.apply({ kind: 'gpus-read', atMs, gpus: parseDcgm(parseTextFormat(text)).gpus });
}

function addContainer(
  store: FleetStore,
  name: string,
  gpuRequest: GpuRequest,
  labels: Record<string, string> = {},
): void {
  const facts = {
    id: name,
    name,
    image: 'i',
    labels,
    createdAtMs: 1,
    state: 'running',
    restartCount: 0,
    hasRestartPolicy: false,
    exitCode: 0,
    isOomKilled: false,
    gpuRequest,
  } as const;
  store.apply({ kind: 'container-inspected', atMs: 1000, facts });
}

async function renderPage({ fleet }: FleetStore): Promise<string> {
  const page = createMetricsPage({
    daemon: () => NO_DAEMON_FACTS,
    fleet,
    groups: [gpuFamilies, gpuContainerFamilies, gpuHoldingFamilies, gpuOrphanFamilies],
    clock: createFakeClock(),
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onError: (error) => assert.fail(String(error)),
  });
  return (await page.render()).toString();
}

function linesOf(page: string, pattern: RegExp): readonly string[] {
  return page.split('\n').filter((line) => pattern.test(line));
}

const newStore = (): FleetStore => createFleetStore(createClassifier(TEST_CLASSIFY));
const fixture = (name: string): string => readFileSync(`test/fixtures/dcgm/${name}.prom`, 'utf8');

describe('the page', () => {
  it('shows every fact of a GPU in base units', async () => {
    const store = newStore();
    readExposition(store, fixture('classic'));
    const page = await renderPage(store);
    const labels = '{gpu="3",uuid="GPU-15051473-25a1-e9ef-2ea5-04a3bc894730"';
    assert.deepEqual(
      linesOf(page, /^[^#].*gpu="3"/).filter((line) => !line.includes('xid')),
      [
        `pipeline_gpu_info${labels},model="NVIDIA B200"} 1`,
        `pipeline_gpu_memory_used_bytes${labels}} 148768817152`,
        `pipeline_gpu_memory_free_bytes${labels}} 42737860608`,
        `pipeline_gpu_memory_reserved_bytes${labels}} 759169024`,
        `pipeline_gpu_memory_total_bytes${labels}} 192265846784`,
        `pipeline_gpu_utilization_ratio${labels}} 0`,
        `pipeline_gpu_temperature_celsius${labels}} 31`,
        `pipeline_gpu_power_watts${labels}} 156.628172`,
      ],
    );
    assert.ok(page.includes(`pipeline_gpu_xid_events_total${labels},xid="79"} 0\n`));
    assert.equal(parseTextFormat(page).faultCount, 0);
  });

  it('is the same whichever names the exporter has', async () => {
    const [classic, renamed] = [newStore(), newStore()];
    readExposition(classic, fixture('classic'));
    readExposition(renamed, fixture('4.9'));
    assert.equal(await renderPage(renamed), await renderPage(classic));
  });

  it('tells MIG instances from their GPU, and shows nothing that is not measured', async () => {
    const store = newStore();
    const mig = 'gpu="0",UUID="GPU-1",GPU_I_PROFILE="1g.23gb",GPU_I_ID="5"';
    readExposition(store, `DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1"} 2\nDCGM_FI_DEV_FB_USED{${mig}} 1\n`);
    const page = await renderPage(store);
    assert.deepEqual(linesOf(page, /^[^#]/), [
      'pipeline_gpu_info{gpu="0",uuid="GPU-1"} 1',
      'pipeline_gpu_info{gpu="0",uuid="GPU-1",mig="5",mig_profile="1g.23gb"} 1',
      'pipeline_gpu_memory_used_bytes{gpu="0",uuid="GPU-1"} 2097152',
      'pipeline_gpu_memory_used_bytes{gpu="0",uuid="GPU-1",mig="5"} 1048576',
    ]);
  });

  it('joins containers to GPUs, and follows when either changes', async () => {
    const store = newStore();
    const uuid = 'GPU-c91b8629-7000-eaf6-b10b-cbcd65777c61';
    readExposition(store, fixture('classic'));
    addContainer(store, 'paddle-worker-gpu1-0', { kind: 'none' });
    addContainer(store, 'ocr-worker-1', { kind: 'devices', devices: [uuid] }, { 'stagewatch.stage': 'G5' });
    const joined = async () => linesOf(await renderPage(store), /^pipeline_gpu_container_info/);
    assert.deepEqual(await joined(), [
      `pipeline_gpu_container_info{gpu="1",uuid="${uuid}",container="paddle-worker-gpu1-0",stage="paddle-worker"} 1`,
      `pipeline_gpu_container_info{gpu="1",uuid="${uuid}",container="ocr-worker-1",stage="G5"} 1`,
    ]);
    store.apply({ kind: 'container-vanished', id: 'ocr-worker-1' });
    assert.equal((await joined()).length, 1);
    readExposition(store, fixture('classic').replaceAll(/^.*gpu="1".*\n/gm, ''));
    assert.deepEqual(await joined(), []);
    readExposition(store, fixture('4.9'));
    assert.equal((await joined()).length, 1);
    store.forgetSource('dcgm');
    assert.equal(await renderPage(store), '');
  });
});

describe('the fleet as JSON', () => {
  it('tells GPUs that are there from those that are lost', () => {
    const store = newStore();
    readExposition(store, fixture('classic'), 1000);
    addContainer(store, 'paddle-worker-gpu0-0', { kind: 'devices', devices: ['0'] });
    readExposition(store, fixture('classic').replaceAll(/^.*gpu="[1-7]".*\n/gm, ''), 2000);
    const { gpus } = renderFleetJson(store.fleet, NO_VERDICTS, 3000);
    assert.equal(gpus.length, 8);
    assert.deepEqual(gpus[0], {
      gpu: 'GPU-a9f88e3e-6366-a8b1-6ee5-916b26993661',
      uuid: 'GPU-a9f88e3e-6366-a8b1-6ee5-916b26993661',
      index: '0',
      mig: null,
      model: 'NVIDIA B200',
      host: 'gpu-node-01',
      memory: {
        usedBytes: 179520405504,
        freeBytes: 11986272256,
        reservedBytes: 759169024,
        totalBytes: 192265846784,
      },
      utilization: 0.98,
      temperature: 65,
      power: 932.811229,
      lastXid: 0,
      xids: {},
      containers: ['paddle-worker-gpu0-0'],
      present: true,
      seenAt: '1970-01-01T00:00:02.000Z',
      lostAt: null,
      memoryByContainer: null,
      orphans: null,
    });
    const lost = gpus.find(({ index }) => index === '3');
    assert.deepEqual(
      [lost?.present, lost?.seenAt, lost?.lostAt, lost?.lastXid],
      [false, '1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z', 79],
    );
  });
});

describe('memory by container', () => {
  const uuid = 'GPU-c91b8629-7000-eaf6-b10b-cbcd65777c61';
  const name = 'paddle-worker-gpu1-0';
  const processes: readonly GpuProcess[] = [
    { pid: 10, uuid, usedBytes: 1024, owner: { kind: 'container', ids: [name] } },
    { pid: 11, uuid, usedBytes: 512, program: 'python', startedAtMs: 500, owner: { kind: 'none' } },
  ];

  it('stands on the page by container, stage and GPU, with what none of them holds', async () => {
    const store = newStore();
    addContainer(store, name, { kind: 'none' });
    store.apply({ kind: 'gpu-processes-read', atMs: 1000, gpus: [{ index: '1', uuid }], processes });
    assert.deepEqual(linesOf(await renderPage(store), /^[^#]/), [
      `pipeline_container_gpu_memory_bytes{container="${name}",stage="paddle-worker",gpu="1",uuid="${uuid}"} 1024`,
      `pipeline_gpu_orphan_memory_bytes{gpu="1",uuid="${uuid}"} 512`,
    ]);
  });

  it('stands in the JSON of the GPU', () => {
    const store = newStore();
    readExposition(store, fixture('classic'));
    addContainer(store, name, { kind: 'none' });
    store.apply({ kind: 'gpu-processes-read', atMs: 1000, gpus: [], processes });
    const shown = renderFleetJson(store.fleet, NO_VERDICTS, 3000).gpus.find((gpu) => gpu.uuid === uuid);
    assert.deepEqual(shown?.memoryByContainer, { [name]: 1024 });
    assert.deepEqual(shown?.orphans, [
      {
        pid: 11,
        program: 'python',
        usedBytes: 512,
        startedAt: '1970-01-01T00:00:00.500Z',
        endedContainer: null,
        ended: false,
      },
    ]);
  });
});

describe('the GPU of a container', () => {
  const cases: readonly (readonly [
    string,
    string,
    GpuRequest,
    Record<string, string>,
    string | undefined,
  ])[] = [
    ['is the one device of the engine', 'ocr-worker-1', { kind: 'devices', devices: ['3'] }, {}, '3'],
    ['is that rather than the name’s', 'ocr-worker-gpu1-0', { kind: 'devices', devices: ['3'] }, {}, '3'],
    [
      'is the label’s before all',
      'ocr-worker-gpu1-0',
      { kind: 'devices', devices: ['3'] },
      { 'stagewatch.gpu': '2' },
      '2',
    ],
    [
      'is a UUID where nothing gives an index',
      'ocr-worker-1',
      { kind: 'devices', devices: ['GPU-a'] },
      {},
      'GPU-a',
    ],
    [
      'is the name’s index rather than a UUID',
      'ocr-worker-gpu1-0',
      { kind: 'devices', devices: ['GPU-a'] },
      {},
      '1',
    ],
    ['is the name’s where the engine gives several', 'ocr-worker-gpu1-0', { kind: 'all' }, {}, '1'],
    ['is unknown where nobody says', 'ocr-worker-1', { kind: 'devices', devices: ['1', '2'] }, {}, undefined],
  ];
  for (const [what, name, request, labels, expected] of cases) {
    it(what, () => {
      const store = newStore();
      addContainer(store, name, request, labels);
      assert.equal(store.fleet.containers.get(name)?.gpu, expected);
    });
  }
});
