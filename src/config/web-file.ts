/**
 * Parses the web configuration file of Prometheus exporters, whose format is defined at
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */

import type { SecureVersion } from 'node:tls';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { describeError } from '../lib/describe-error.js';
import { CIPHERS, CURVES, opensslCiphers } from './web-ciphers.js';

export type ClientAuth =
  | 'NoClientCert'
  | 'RequestClientCert'
  | 'RequireAnyClientCert'
  | 'VerifyClientCertIfGiven'
  | 'RequireAndVerifyClientCert';

/** PEM, written in the file itself or in one that it names. */
export type PemSource = { readonly file: string } | { readonly text: string };

export interface WebFileTls {
  readonly cert: PemSource;
  readonly key: PemSource;
  readonly clientCa: PemSource | null;
  readonly clientAuth: ClientAuth;
  /** Null: any. */
  readonly allowedSans: readonly string[] | null;
  /** In OpenSSL's notation; null: Node's own choice. */
  readonly ciphers: string | null;
  readonly curves: string | null;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  readonly prefersServerCiphers: boolean;
}

export interface WebFile {
  readonly tls: WebFileTls | null;
  readonly headers: ReadonlyMap<string, string>;
  /** User to bcrypt hash. Empty: no basic authentication. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: { readonly intervalMs: number; readonly burst: number } | null;
}

export type WebFileReading =
  | { readonly kind: 'ok'; readonly file: WebFile }
  | { readonly kind: 'faulty'; readonly problems: readonly string[] };

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};
/** The second name of one is the toolkit's own, kept for old files. */
const CLIENT_AUTH: Readonly<Record<string, ClientAuth>> = {
  '': 'NoClientCert',
  NoClientCert: 'NoClientCert',
  RequestClientCert: 'RequestClientCert',
  RequireClientCert: 'RequireAnyClientCert',
  RequireAnyClientCert: 'RequireAnyClientCert',
  VerifyClientCertIfGiven: 'VerifyClientCertIfGiven',
  RequireAndVerifyClientCert: 'RequireAndVerifyClientCert',
};
/** The toolkit's list: other headers cannot be set, and some take only these values. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'Strict-Transport-Security': [],
  'X-Content-Type-Options': ['nosniff'],
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-XSS-Protection': [],
  'Content-Security-Policy': [],
};
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const GO_DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const GO_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;
const GO_UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const text = z.string({ error: () => 'expected text' }).nullish();
/** A number where the toolkit takes text, as in `X-XSS-Protection: 1`. */
const looseText = z
  .union([z.string(), z.number()], { error: () => 'expected text' })
  .transform((value) => String(value));
/** The value is never repeated: of some of them it is a secret. */
const oneKeyOf = (words: Readonly<Record<string, unknown>>) =>
  z
    .string()
    .refine((word) => Object.hasOwn(words, word), {
      error: () => `expected one of ${Object.keys(words).filter(Boolean).join(', ')}`,
    })
    .nullish();
const listOfKeysOf = (words: Readonly<Record<string, unknown>>, what: string) =>
  z
    .array(z.string().refine((word) => Object.hasOwn(words, word), { error: () => `unknown ${what}` }))
    .nullish();

const tlsSchema = z.strictObject({
  cert: text,
  key: text,
  client_ca: text,
  cert_file: text,
  key_file: text,
  client_ca_file: text,
  client_auth_type: oneKeyOf(CLIENT_AUTH),
  client_allowed_sans: z.array(z.string()).nullish(),
  cipher_suites: listOfKeysOf(CIPHERS, 'cipher'),
  curve_preferences: listOfKeysOf(CURVES, 'curve'),
  min_version: oneKeyOf(VERSIONS),
  max_version: oneKeyOf(VERSIONS),
  prefer_server_cipher_suites: z.boolean().nullish(),
});

const goDuration = z.union([
  z.literal(0),
  z.string().refine((value) => value === '0' || GO_DURATION.test(value), {
    error: () => 'expected a duration like 1s',
  }),
]);

const webFileSchema = z.strictObject(
  {
    tls_server_config: tlsSchema.nullish(),
    http_server_config: z
      .strictObject({
        // Node's server speaks HTTP/1.1 only, which every client of HTTP/2 falls back to.
        http2: z.boolean().nullish(),
        headers: z.record(z.string(), looseText).nullish(),
      })
      .nullish(),
    rate_limit: z.strictObject({ interval: goDuration.nullish(), burst: z.int().min(0).nullish() }).nullish(),
    basic_auth_users: z
      .record(
        z.string(),
        z.string().regex(BCRYPT, { error: () => 'expected a bcrypt hash, as "htpasswd -nBC 10" makes it' }),
      )
      .nullish(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'expected a mapping of options' : undefined) },
);

type Written = z.output<typeof webFileSchema>;

export const EMPTY_WEB_FILE: WebFile = { tls: null, headers: new Map(), users: new Map(), rateLimit: null };

/** Never throws, and repeats no value of the file: it may be a secret. */
export function parseWebFile(yaml: string): WebFileReading {
  const document = parseDocument(yaml, { prettyErrors: false });
  if (document.errors.length > 0) return { kind: 'faulty', problems: ['not valid YAML'] };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    return { kind: 'faulty', problems: [`not valid YAML: ${describeError(error).split(/["'`]/, 1)[0]}`] };
  }
  const result = webFileSchema.safeParse(value);
  if (!result.success) return { kind: 'faulty', problems: result.error.issues.flatMap(describeIssue) };
  const problems = [
    ...describeTlsFaults(result.data.tls_server_config ?? {}),
    ...describeHeaderFaults(result.data.http_server_config?.headers ?? {}),
  ];
  return problems.length > 0 ? { kind: 'faulty', problems } : { kind: 'ok', file: toWebFile(result.data) };
}

function describeIssue(issue: z.core.$ZodIssue): readonly string[] {
  // A user's name stands in the path: it is no secret, his hash is.
  const path = issue.path.map(String).join('.');
  if (issue.code !== 'unrecognized_keys') return [path === '' ? issue.message : `${path}: ${issue.message}`];
  return issue.keys.map((key) => `${[...issue.path, key].map(String).join('.')}: unknown key`);
}

type WrittenTls = NonNullable<Written['tls_server_config']>;

/** As the toolkit has it: one of these makes it a server with TLS. */
function isTls(tls: WrittenTls): boolean {
  const { cert, cert_file, key, key_file, client_ca, client_ca_file, client_auth_type } = tls;
  return [cert, cert_file, key, key_file, client_ca, client_ca_file, client_auth_type].some(Boolean);
}

function describeTlsFaults(tls: WrittenTls): readonly string[] {
  if (!isTls(tls)) return [];
  const at = (fault: string): string => `tls_server_config: ${fault}`;
  const auth = CLIENT_AUTH[tls.client_auth_type ?? ''];
  const hasCa = Boolean(tls.client_ca_file || tls.client_ca);
  return [
    ...(tls.cert_file || tls.cert ? [] : [at('missing one of cert or cert_file')]),
    ...(tls.key_file || tls.key ? [] : [at('missing one of key or key_file')]),
    ...(hasCa && auth === 'NoClientCert'
      ? [at('client_ca without a client_auth_type that asks for one')]
      : []),
    // The toolkit would never check them.
    ...(tls.client_allowed_sans && auth === 'NoClientCert'
      ? [at('client_allowed_sans without a client_auth_type that asks for a certificate')]
      : []),
  ];
}

function describeHeaderFaults(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const allowed = Object.hasOwn(HEADERS, name) ? HEADERS[name] : undefined;
    const at = `http_server_config.headers.${name}`;
    if (!allowed) return [`${at}: only ${Object.keys(HEADERS).join(', ')} can be set`];
    if (allowed.length > 0 && !allowed.includes(value)) return [`${at}: expected ${allowed.join(' or ')}`];
    return /[^\t\x20-\x7e]/.test(value) ? [`${at}: expected printable ASCII`] : [];
  });
}

function toWebFile(written: Written): WebFile {
  const tls = written.tls_server_config ?? {};
  const intervalMs = toMs(written.rate_limit?.interval ?? 0);
  return {
    tls: isTls(tls) ? toTls(tls) : null,
    headers: new Map(
      Object.entries(written.http_server_config?.headers ?? {}).filter(([, value]) => value !== ''),
    ),
    users: new Map(Object.entries(written.basic_auth_users ?? {})),
    rateLimit: intervalMs > 0 ? { intervalMs, burst: written.rate_limit?.burst ?? 0 } : null,
  };
}

function toTls(tls: WrittenTls): WebFileTls {
  const minVersion = VERSIONS[tls.min_version ?? 'TLS12'] ?? 'TLSv1.2';
  const maxVersion = VERSIONS[tls.max_version ?? 'TLS13'] ?? 'TLSv1.3';
  const suites = tls.cipher_suites ?? [];
  const curves = tls.curve_preferences ?? [];
  return {
    cert: sourceOf(tls.cert_file, tls.cert) ?? { text: '' },
    key: sourceOf(tls.key_file, tls.key) ?? { text: '' },
    clientCa: sourceOf(tls.client_ca_file, tls.client_ca),
    clientAuth: CLIENT_AUTH[tls.client_auth_type ?? ''] ?? 'RequireAndVerifyClientCert',
    allowedSans: tls.client_allowed_sans ?? null,
    ciphers: suites.length === 0 ? null : opensslCiphers(suites),
    curves: curves.length === 0 ? null : curves.map((name) => CURVES[name]).join(':'),
    minVersion,
    maxVersion,
    prefersServerCiphers: tls.prefer_server_cipher_suites ?? true,
  };
}

/** Where both are given the file is taken, as the toolkit does. */
function sourceOf(file: string | null | undefined, inline: string | null | undefined): PemSource | null {
  if (file) return { file };
  return inline ? { text: inline } : null;
}

function toMs(duration: string | number): number {
  const parts = [...String(duration).matchAll(GO_PART)];
  return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (GO_UNIT_MS[unit] ?? 0), 0);
}
