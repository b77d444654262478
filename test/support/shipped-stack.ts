/** The shipped rules and configurations of Prometheus and Alertmanager, hurried, and pointed at a test's own servers. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type RealAlertmanager, startRealAlertmanager } from './real-alertmanager.js';
import { type RealPrometheus, startRealPrometheus } from './real-prometheus.js';
import { RULE_FILES } from './rule-files.js';

export interface ShippedStackOptions {
  readonly folder: string;
  /** `host:port` of the daemon's page. */
  readonly daemon: string;
  /** `host:port` of the Alertmanager; none: alerts are told to nobody. */
  readonly alertmanager?: string;
}

const KEEP_FIRING = '8s';

/** Looks every second; what the rules wait for in minutes takes a second, and what they hold 8 s. */
export async function startShippedPrometheus(options: ShippedStackOptions): Promise<RealPrometheus> {
  const { folder, daemon, alertmanager } = options;
  await mkdir(join(folder, 'alerts'), { recursive: true });
  await mkdir(join(folder, 'prometheus', 'targets'), { recursive: true });
  for (const path of RULE_FILES) {
    const rules = (await readFile(path, 'utf8'))
      .replaceAll(/^( +keep_firing_for): \w+$/gm, `$1: ${KEEP_FIRING}`)
      .replaceAll(/^( +for): \w+$/gm, '$1: 1s');
    await writeFile(join(folder, 'alerts', basename(path)), rules);
  }
  const targets = (target: string | undefined): string =>
    JSON.stringify(target === undefined ? [] : [{ targets: [target] }]);
  await writeFile(join(folder, 'prometheus', 'targets', 'stagewatch.yml'), targets(daemon));
  await writeFile(join(folder, 'prometheus', 'targets', 'alertmanager.yml'), targets(alertmanager));
  const config = (await readFile('prometheus/prometheus.yml', 'utf8'))
    .replaceAll(/^( +(?:scrape_interval|evaluation_interval|scrape_timeout)): \w+$/gm, '$1: 1s')
    .replace('localhost:9090', '127.0.0.1:9');
  return startRealPrometheus(join(folder, 'prometheus'), config, [
    `--web.console.templates=${resolve('docs')}`,
  ]);
}

/** Mails go to the port without TLS, a second after what they tell of. */
export async function startShippedAlertmanager(folder: string, smtpPort: number): Promise<RealAlertmanager> {
  const config = (await readFile('prometheus/alertmanager.yml', 'utf8'))
    .replace('smtp.example.com:587', `127.0.0.1:${smtpPort}`)
    .replace('smtp_require_tls: true', 'smtp_require_tls: false')
    .replace('- mail.tmpl', `- ${resolve('prometheus/mail.tmpl')}`)
    .replaceAll(/^( +(?:group_wait|group_interval)): \w+$/gm, '$1: 1s');
  return startRealAlertmanager(folder, { config });
}
