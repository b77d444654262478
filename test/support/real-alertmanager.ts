/** An Alertmanager of a test's own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { requireProgram } from './machine.js';
import { waitFor } from './wait-for.js';

export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: {
    readonly state: 'unprocessed' | 'active' | 'suppressed';
    readonly inhibitedBy: readonly string[];
    readonly silencedBy: readonly string[];
  };
}

export interface RealAlertmanager {
  readonly url: string;
  /** What it takes for open now, inhibited and silenced ones too. */
  alerts(): Promise<readonly AlertmanagerAlert[]>;
  stop(): Promise<void>;
}

/** Takes everything and tells nobody; a test that wants to be told gives a `config` of its own. */
const SILENT_CONFIG = `
route: { receiver: nobody, group_wait: 1s, group_interval: 1s }
receivers: [{ name: nobody }]
`;

/** `folder` is its own; `port` is where it was before, for a test that starts it again. */
export async function startRealAlertmanager(
  folder: string,
  { config = SILENT_CONFIG, port }: { readonly config?: string; readonly port?: number } = {},
): Promise<RealAlertmanager> {
  const listen = `127.0.0.1:${port ?? (await freePort())}`;
  const file = join(folder, 'alertmanager.yml');
  await mkdir(folder, { recursive: true });
  await writeFile(file, config);
  const server = spawn(
    requireProgram('prometheus-alertmanager'),
    [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=${listen}`,
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log = (log + chunk).slice(-4000);
  });
  const url = `http://${listen}`;
  await waitFor(
    'the Alertmanager',
    async () => {
      if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}: ${log}`);
      return (await fetch(`${url}/-/ready`)).status === 200;
    },
    60_000,
  );
  return {
    url,
    async alerts() {
      const response = await fetch(`${url}/api/v2/alerts`);
      if (response.status !== 200) throw new Error(`the Alertmanager answered ${response.status}`);
      return (await response.json()) as readonly AlertmanagerAlert[];
    },
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}
