/** Says when everyone who reaches the daemon's port may read what it serves. */

import { isIP } from 'node:net';
import type { WebAccess } from './read-web-file.js';
import type { Config } from './schema.js';

/** Everyone on the network may read: it listens beyond loopback, and asks for no token, user or certificate. */
export function isExposed({ listen, web }: Pick<Config, 'listen' | 'web'>, access: WebAccess): boolean {
  return !isLoopback(listen.host) && !asksWho({ web }, access);
}

export function adviseOnDoor(config: Pick<Config, 'listen' | 'web'>, access: WebAccess): readonly string[] {
  if (!isExposed(config, access)) return [];
  const { host = '', port } = config.listen;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return [
    `listen: ${address} is reachable from other machines and reading needs no authentication: set web.read_token, or ` +
      'users or client certificates in web.config_file (docs/security.md)',
  ];
}

function asksWho({ web }: Pick<Config, 'web'>, { users, tls }: WebAccess): boolean {
  const hasClientCertificates = tls?.clientAuth === 'RequireAndVerifyClientCert';
  return web.read_token !== null || users.size > 0 || hasClientCertificates;
}

function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false;
  if (isIP(host) === 0) return host === 'localhost' || host.endsWith('.localhost');
  return host.startsWith('127.') || host === '::1';
}
