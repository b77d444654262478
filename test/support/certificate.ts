/** A certificate for 127.0.0.1 and localhost, signed by an authority of its own. */

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** Path of the authority's certificate (PEM). */
  readonly caFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export async function makeCertificate(folder: string): Promise<Certificate> {
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-keyout'];
  await openssl('req', '-x509', '-days', '2', ...fresh, 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=test');
  await openssl('req', ...fresh, 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost');
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-days', '2', '-in', 'request.pem', ...signer, '-out', 'cert.pem');
  return {
    caFile: join(folder, 'ca.pem'),
    cert: await readFile(join(folder, 'cert.pem')),
    key: await readFile(join(folder, 'key.pem')),
  };
}
