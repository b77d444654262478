/** Finds out where the engine is: configuration, else DOCKER_HOST, else the local socket. */

import { join } from 'node:path';
import type { DockerConfig } from '../../config/docker-section.js';
import type { Environment } from '../../config/environment.js';

export interface EngineAddress {
  /** For people: `unix:///var/run/docker.sock`. */
  readonly target: string;
  readonly socketPath?: string;
  readonly protocol: 'http' | 'https';
  readonly host?: string;
  readonly port?: number;
  /** Paths of PEM files. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export type EngineAddressConfig = Pick<DockerConfig, 'host' | 'tls_ca' | 'tls_cert' | 'tls_key'>;

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

export type EngineAddressResult =
  | { readonly kind: 'ok'; readonly address: EngineAddress }
  | { readonly kind: 'faulty'; readonly problem: string };

export function findEngineAddress(config: EngineAddressConfig, env: Environment): EngineAddressResult {
  const text = config.host ?? (env['DOCKER_HOST'] || DEFAULT_HOST);
  const origin = config.host === null && env['DOCKER_HOST'] ? 'DOCKER_HOST' : 'docker.host';
  if (text.startsWith('unix://')) {
    const socketPath = text.slice('unix://'.length) || '/var/run/docker.sock';
    return { kind: 'ok', address: { target: `unix://${socketPath}`, socketPath, protocol: 'http', tls: {} } };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['tcp:', 'http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    const hint = url?.protocol === 'ssh:' ? ' (for ssh, forward the socket: ssh -L)' : '';
    return { kind: 'faulty', problem: `${origin}: expected unix://, tcp:// or https://${hint}` };
  }
  const tls = tlsFiles(config, env);
  const isTls = url.protocol === 'https:' || (url.protocol === 'tcp:' && wantsTls(url, tls, env));
  const port = url.port === '' ? (isTls ? TLS_PORT : PLAIN_PORT) : Number(url.port);
  return {
    kind: 'ok',
    address: {
      target: `${isTls ? 'https' : 'tcp'}://${url.hostname}:${port}`,
      protocol: isTls ? 'https' : 'http',
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port,
      tls: isTls ? tls : {},
    },
  };
}

function wantsTls(url: URL, tls: EngineAddress['tls'], env: Environment): boolean {
  return tls.ca !== undefined || url.port === String(TLS_PORT) || Boolean(env['DOCKER_TLS_VERIFY']);
}

function tlsFiles(config: EngineAddressConfig, env: Environment): EngineAddress['tls'] {
  const folder = env['DOCKER_CERT_PATH'];
  const file = (configured: string | null, name: string): string | undefined =>
    configured ?? (folder ? join(folder, name) : undefined);
  const ca = file(config.tls_ca, 'ca.pem');
  const cert = file(config.tls_cert, 'cert.pem');
  const key = file(config.tls_key, 'key.pem');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
