import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseDocument } from 'yaml';

const FOLDER = 'grafana/provisioning';

function read(path: string): Record<string, unknown> {
  const document = parseDocument(readFileSync(path, 'utf8'), { uniqueKeys: true });
  assert.deepEqual(document.errors, [], path);
  return document.toJS() as Record<string, unknown>;
}

interface DataSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly editable: boolean;
  readonly isDefault?: boolean;
  readonly jsonData: Readonly<Record<string, unknown>>;
}

describe('what Grafana is provisioned with', () => {
  const sources = read(`${FOLDER}/datasources/stagewatch.yaml`)['datasources'] as readonly DataSource[];

  it('is valid, versioned, and nothing else lies in its folders', () => {
    for (const folder of ['datasources', 'dashboards']) {
      assert.deepEqual(readdirSync(`${FOLDER}/${folder}`), ['stagewatch.yaml']);
      assert.equal(read(`${FOLDER}/${folder}/stagewatch.yaml`)['apiVersion'], 1);
    }
  });

  it('has one data source of each kind, with an address that stays the same', () => {
    assert.deepEqual(
      sources.map(({ type, uid, editable }) => [type, uid, editable]),
      [
        ['prometheus', 'stagewatch-prometheus', false],
        ['alertmanager', 'stagewatch-alertmanager', false],
      ],
    );
    assert.deepEqual(
      sources.filter(({ isDefault }) => isDefault).map(({ type }) => type),
      ['prometheus'],
    );
    for (const { url } of sources) assert.equal(new URL(url).pathname, '/');
  });

  it('tells Grafana the scrape interval that Prometheus has', () => {
    const { global } = read('prometheus/prometheus.yml') as { global: { scrape_interval: string } };
    const prometheus = sources.find(({ type }) => type === 'prometheus');
    assert.equal(prometheus?.jsonData['timeInterval'], global.scrape_interval);
  });

  it('reads the dashboards from a folder that is not that of the provisioning', () => {
    const [provider, ...more] = read(`${FOLDER}/dashboards/stagewatch.yaml`)['providers'] as readonly {
      type: string;
      allowUiUpdates: boolean;
      disableDeletion: boolean;
      options: { path: string };
    }[];
    assert.equal(more.length, 0);
    assert.deepEqual(
      [provider?.type, provider?.allowUiUpdates, provider?.disableDeletion],
      ['file', false, true],
    );
    assert.equal(provider?.options.path, '/var/lib/grafana/dashboards');
    assert.doesNotMatch(provider?.options.path ?? '', /provisioning/);
  });
});
