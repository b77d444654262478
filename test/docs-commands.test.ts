/** Runs the commands that the documents tell people to type, on the demo, or names the test that tries them. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { skipWithout } from './support/machine.js';
import { tempDir } from './support/temp-dir.js';
import { waitFor } from './support/wait-for.js';

const run = promisify(execFile);
const MAIN = resolve('build/src/main.js');
const DOCUMENTS = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((path) =>
  path.endsWith('.md'),
);

/** Commands that need more than a demo, by their beginning, and the test that does as they say. */
const TRIED_ELSEWHERE: readonly (readonly [start: string, test: string])[] = [
  ['npm ci && npm run demo', 'test/cli/demo.test.ts'],
  ['npm ci && npm start', 'test/cli/serve.test.ts'],
  ['stagewatch serve', 'test/cli/serve.test.ts'],
  ['stagewatch status --watch', 'test/views/terminal/watch.test.ts'],
  ['stagewatch test-notification', 'test/cli/silence.test.ts'],
  ['stagewatch silence expire', 'test/cli/silence.test.ts'],
  ['promtool check config', 'test/alerts/server-config.test.ts'],
  ['sed -i', 'test/alerts/rule-files.test.ts'],
  ['amtool', 'test/alerts/server-config.test.ts'],
  ['cp .env.example', 'test/compose/compose-file.test.ts'],
  ['mkdir -m 700 secrets', 'test/compose/compose-file.test.ts'],
  ['(umask 022', 'test/compose/compose-file.test.ts'],
  ['touch smtp_password', 'test/compose/compose-file.test.ts'],
  ['head -c 18', 'test/compose/compose-file.test.ts'],
  ['docker compose', 'test/compose/compose-file.test.ts'],
  ['stagewatch sentinel', 'test/clients/sentinel-command.test.ts'],
  ['stagewatch report --prometheus', 'test/integration/report.test.ts'],
  ['stagewatch status --url https', 'test/cli/server-access.test.ts'],
  ['(nvidia-smi', 'test/sources/gpu-processes/gpu-processes-source.test.ts'],
  ['curl --cacert', 'test/views/door/tls-front.test.ts'],
];

interface Answer {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface DocumentedCommand {
  readonly document: string;
  readonly command: string;
}

/** Lines of shell blocks, lines behind a prompt, and calls of stagewatch in other blocks; comments taken off. */
function commandsOf(document: string): DocumentedCommand[] {
  const commands: DocumentedCommand[] = [];
  let language: string | undefined;
  for (const line of readFileSync(document, 'utf8').split('\n')) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence) {
      language = language === undefined ? fence[1] : undefined;
      continue;
    }
    if (language === undefined) continue;
    const text = line.replace(/\s+#\s.*$/, '').trim();
    const command = text.startsWith('$ ') ? text.slice(2) : text;
    const isCommand = language === 'sh' || text.startsWith('$ ') || text.startsWith('stagewatch ');
    if (isCommand && command !== '') commands.push({ document, command });
  }
  return commands;
}

const COMMANDS = DOCUMENTS.flatMap(commandsOf);
const elsewhere = ({ command }: DocumentedCommand): string | undefined =>
  TRIED_ELSEWHERE.find(([start]) => command.startsWith(start))?.[1];

describe('commands in the documents', { skip: skipWithout('docker') }, () => {
  let demo: ChildProcess;
  let output = '';
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    folder = await tempDir({ after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never);
    demo = spawn(process.execPath, [MAIN, 'demo', '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    demo.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    const told = (name: string): Promise<string> =>
      waitFor(
        `the demo to tell its ${name}`,
        () => new RegExp(`^ +${name} +(.*)$`, 'm').exec(output)?.[1],
        60_000,
      );
    const url = (await told('page')).replace(/\/$/, '');
    const host = /-H (\S+)/.exec(await told('engine'))?.[1] ?? '';
    await waitFor('the demo to be ready', async () => (await fetch(`${url}/-/ready`)).ok, 60_000);
    const stagewatch = join(folder, 'stagewatch');
    await writeFile(stagewatch, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    await chmod(stagewatch, 0o755);
    await writeFile(join(folder, 'stagewatch.yaml'), 'data_dir: ./stagewatch-data\n');
    // A report is made from what the demo's daemon writes down.
    await symlink(join(await told('files'), 'data'), join(folder, 'stagewatch-data'));
    env = {
      HOME: folder,
      PATH: `${folder}:${process.env['PATH']}`,
      DOCKER_HOST: host,
      STAGEWATCH_URL: url,
      STAGEWATCH_WEB_BEARER_TOKEN: 'demo',
      DEMO_URL: url,
    };
  });

  after(async () => {
    if (demo.exitCode === null) {
      demo.kill('SIGINT');
      await once(demo, 'exit');
    }
    for (const task of cleanups.reverse()) await task();
  });

  /** As a person would type it, but at the demo's address and its containers. */
  function adapt(command: string): string {
    return command
      .replaceAll(/(https?:\/\/)?(127\.0\.0\.1|gpu7):9847/g, '"$DEMO_URL"')
      .replace(/^node dist\/main\.js/, 'stagewatch')
      .replace('docker exec -it', 'docker exec')
      .replace('/srv/stagewatch-data', './stagewatch-data')
      .replace(/--from 2026\S+ --to 2026\S+/, '--from 1h --to now');
  }

  for (const { document, command } of COMMANDS.filter((one) => elsewhere(one) === undefined)) {
    it(`${document}: ${command}`, async () => {
      // 1 says that there are problems, that --fail-if holds, or that nothing is restarted: all are answers.
      const adapted = adapt(command);
      const answer: Answer = await run('bash', ['-o', 'pipefail', '-c', adapted], {
        cwd: folder,
        env,
      }).catch((error: Answer) => error);
      const { code = 0, stdout, stderr } = answer;
      const isAnswer = code === 0 || (code === 1 && /stagewatch (status|report|restart)/.test(adapted));
      assert.ok(isAnswer, `exit code ${code}: ${stderr}`);
      assert.ok((code === 0 ? stdout : stdout + stderr) !== '' || command.includes('>'), 'it says nothing');
    });
  }

  it('that are not run here are tried by a test that there is', () => {
    for (const [start, test] of TRIED_ELSEWHERE) {
      assert.ok(
        COMMANDS.some(({ command }) => command.startsWith(start)),
        `no document has "${start}" any more`,
      );
      assert.ok(existsSync(test), `${test} for "${start}"`);
    }
  });
});
