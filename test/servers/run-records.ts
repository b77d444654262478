/** What was run on which servers, and how it ended: kept in the repository for the page of compatibility. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../support/machine.js';
import { type ServerName, serversOf } from './suite-tests.js';
import { type Suite, suiteRoot } from './suites.js';

export interface FileCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One test file on one suite's servers, the last time that it was recorded. */
export interface RunRecord extends FileCounts {
  readonly file: string;
  readonly suite: Suite | 'host';
  /** As it names itself: `Debian GNU/Linux 13 (trixie)`. */
  readonly system: string;
  /** The day, as `2026-11-29`. */
  readonly day: string;
  /** The servers that the file needs, as they tell their versions. */
  readonly versions: Readonly<Partial<Record<ServerName, string>>>;
}

const RECORDS = 'test/servers/run-records.json';

export function readRunRecords(): readonly RunRecord[] {
  return JSON.parse(readFileSync(RECORDS, 'utf8')) as RunRecord[];
}

export interface FinishedRun {
  readonly suite: Suite | 'host';
  readonly day: string;
  readonly counts: Readonly<Record<string, FileCounts>>;
}

/** Replaces what is known of the files that were run on this suite; one line each, so that a change is easy to read. */
export function recordRun({ suite, day, counts }: FinishedRun): void {
  const suiteOf = suite === 'host' ? undefined : suite;
  const system = systemOf(suiteOf);
  const known = new Map(readRunRecords().map((record) => [keyOf(record), record]));
  for (const [file, count] of Object.entries(counts)) {
    const servers = serversOf(file);
    if (servers.length === 0) continue;
    const versions = Object.fromEntries(servers.map((name) => [name, versionOf(name, suiteOf)]));
    known.set(keyOf({ file, suite }), { file, suite, system, day, ...count, versions });
  }
  const sorted = [...known].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const lines = sorted.map(([, record]) => `  ${JSON.stringify(record)}`);
  writeFileSync(RECORDS, `[\n${lines.join(',\n')}\n]\n`);
}

function keyOf({ file, suite }: Pick<RunRecord, 'file' | 'suite'>): string {
  return `${suite} ${file}`;
}

const ASKED: Readonly<Record<ServerName, readonly [program: string, argument: string]>> = {
  docker: ['dockerd', '--version'],
  podman: ['podman', '--version'],
  rabbitmq: ['/usr/lib/rabbitmq/bin/rabbitmqctl', 'version'],
  prometheus: ['prometheus', '--version'],
  alertmanager: ['prometheus-alertmanager', '--version'],
};

const asked = new Map<string, string>();

/** As the program that the tests start tells it. */
function versionOf(name: ServerName, suite: Suite | undefined): string {
  const [program, argument] = ASKED[name];
  const path = findProgram(program, suite);
  if (path === undefined) throw new Error(`${program} is not installed`);
  const before = asked.get(path);
  if (before !== undefined) return before;
  const answer = execFileSync(path, [argument], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const version = /\d+\.\d+\.\d+/.exec(answer)?.[0];
  if (version === undefined) throw new Error(`${program} ${argument} tells no version: ${answer}`);
  asked.set(path, version);
  return version;
}

function systemOf(suite: Suite | undefined): string {
  const root = suite === undefined ? '/' : suiteRoot(suite);
  const text = readFileSync(join(root, 'etc/os-release'), 'utf8');
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? 'unknown';
}
