/** Reads the web configuration file with the certificates that it names, and proves that they fit together. */

import { dirname, resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { describeError, describeReadError } from '../lib/describe-error.js';
import { type ClientAuth, EMPTY_WEB_FILE, type PemSource, parseWebFile, type WebFile } from './web-file.js';

export interface WebTls {
  readonly context: SecureContextOptions;
  readonly clientAuth: ClientAuth;
  readonly allowedSans: readonly string[] | null;
}

/** What the HTTP server needs of the file. */
export interface WebAccess extends Omit<WebFile, 'tls'> {
  readonly tls: WebTls | null;
}

export type WebAccessReading =
  /** `paths`: every file that was read, this one first. */
  | { readonly kind: 'ok'; readonly access: WebAccess; readonly paths: readonly string[] }
  | { readonly kind: 'faulty'; readonly problems: readonly string[]; readonly paths: readonly string[] };

export const OPEN_ACCESS: WebAccess = { ...EMPTY_WEB_FILE, tls: null };

/** Never throws. Paths in the file are relative to its folder, as the toolkit takes them. */
export function readWebFile(path: string, readFile: (path: string) => string): WebAccessReading {
  const paths = [path];
  const problems: string[] = [];
  const read = (file: string, what: string): string => {
    try {
      return readFile(file);
    } catch (error) {
      problems.push(`${what}cannot be read: ${describeReadError(error)}`);
      return '';
    }
  };
  const pem = (source: PemSource, key: string): string => {
    if ('text' in source) return source.text;
    const file = resolve(dirname(path), source.file);
    paths.push(file);
    return read(file, `tls_server_config.${key} ${file} `);
  };
  const reading = parseWebFile(read(path, ''));
  if (problems.length > 0) return { kind: 'faulty', problems, paths };
  if (reading.kind === 'faulty') return { kind: 'faulty', problems: reading.problems, paths };
  const { tls, ...rest } = reading.file;
  if (!tls) return { kind: 'ok', access: { ...rest, tls: null }, paths };
  const context: SecureContextOptions = {
    cert: pem(tls.cert, 'cert_file'),
    key: pem(tls.key, 'key_file'),
    ...(tls.clientCa && { ca: pem(tls.clientCa, 'client_ca_file') }),
    ...(tls.ciphers !== null && { ciphers: tls.ciphers }),
    ...(tls.curves !== null && { ecdhCurve: tls.curves }),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    honorCipherOrder: tls.prefersServerCiphers,
  };
  if (problems.length === 0) problems.push(...proveContext(context));
  if (problems.length > 0) return { kind: 'faulty', problems, paths };
  const { clientAuth, allowedSans } = tls;
  return { kind: 'ok', access: { ...rest, tls: { context, clientAuth, allowedSans } }, paths };
}

/** A key that does not belong to the certificate is found here and not by the first client. */
function proveContext(context: SecureContextOptions): readonly string[] {
  try {
    createSecureContext(context);
    return [];
  } catch (error) {
    return [`tls_server_config: ${describeError(error)}`];
  }
}
