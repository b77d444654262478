/** The daemon's own health: build, configuration, process and Node.js runtime, kept by prom-client. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** The delay of the event loop is sampled by a timer: the default of 10 ms wakes an idle daemon 100 times a second. */
const LOOP_DELAY_RESOLUTION_MS = 50;

export interface SelfMetrics {
  configReloaded(isSuccessful: boolean): void;
  /** The web configuration file, which is read apart from the rest. */
  webFileRead(isSuccessful: boolean): void;
  unauthorized(): void;
  seriesLeftOut(count: number): void;
  /** Text of all of them. */
  render(): Promise<string>;
}

/** Gauges whose names end in `_total`, which Prometheus keeps for counters. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function createSelfMetrics(version: string): SelfMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_RESOLUTION_MS });
  for (const name of MISNAMED) registry.removeSingleMetric(name);

  new Gauge({
    name: 'stagewatch_build_info',
    help: 'Version of stagewatch and of the Node.js it runs on; always 1.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }).set({ version, node_version: process.version }, 1);

  const reload = new Gauge({
    name: 'stagewatch_config_last_reload_successful',
    help: 'Whether the last attempt to load the configuration succeeded (1) or failed (0).',
    registers: [registry],
  });

  const leftOut = new Gauge({
    name: 'stagewatch_metrics_series_left_out',
    help: 'Series that this page lacks because another has the same name and labels; 0 unless two things bear one name.',
    registers: [registry],
  });

  const unauthorized = new Counter({
    name: 'stagewatch_http_unauthorized_total',
    help: 'HTTP requests refused because their token, user or password was missing or wrong, or because too many wrong ones came from their address.',
    registers: [registry],
  });

  const last = { config: true, webFile: true };
  function reloaded(change: Partial<typeof last>): void {
    Object.assign(last, change);
    reload.set(last.config && last.webFile ? 1 : 0);
  }

  return {
    seriesLeftOut: (count) => leftOut.set(count),
    configReloaded: (config) => reloaded({ config }),
    webFileRead: (webFile) => reloaded({ webFile }),
    unauthorized: () => unauthorized.inc(),
    render: () => registry.metrics(),
  };
}
