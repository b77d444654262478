import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { oneLine } from '../../../src/alerting/finding-words.js';
import { silenceCommand } from '../../../src/alerting/message-command.js';
import { FINDING_KINDS } from '../../../src/detectors/finding.js';
import { escapeControls, TERMINAL_CONTROLS } from '../../../src/lib/escape-controls.js';
import { createLogger } from '../../../src/lib/logger.js';
import { commandsFor, logsCommands } from '../../../src/views/picture/problem-commands.js';

const HOSTILE = [
  '; touch /tmp/stagewatch-was-here',
  '$(touch x)',
  '`id`',
  "a'; id; '",
  '-v/:/host',
  'a b',
  'a\nb',
  '\u001b[2Ja',
  '\u009b2Ja',
  '\u202egnp.exe',
  '\u061cx',
  '\ud800',
  'a && b',
  'a|b',
  '',
];

/** What a shell makes of it: its words, one a line; nothing in it is run but `printf`. */
async function wordsOf(text: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `printf '%s\\n' ${text}`], { cwd: '/' });
  return stdout.trimEnd().split('\n');
}

describe('commands to copy, whatever a thing is called', () => {
  for (const name of HOSTILE) {
    it(`are one word for ${JSON.stringify(name)}, or none`, async () => {
      assert.deepEqual(logsCommands(name), []);
      const about = { container: name, stage: name, queue: name, gpu: name, vhost: name };
      const context = {
        brokerContainer: name,
        isBrokerRunning: true,
        sourceTarget: `/srv/${name}`,
        sentinelsTarget: `/srv/${name}/{stage}`,
        isKnown: true,
        state: 'running',
        supervisor: null,
        needsForce: true,
        progressFolder: `/srv/${name}`,
        culprits: [name],
        stuckOnGpu: [name],
      };
      const subjects = [about, { stage: name }, { queue: name, vhost: name }, { gpu: name }];
      for (const kind of FINDING_KINDS) {
        for (const subject of subjects) {
          const finding = { kind, severity: 'critical', summary: '', evidence: [], ...subject };
          for (const { text } of commandsFor(finding as never, context)) {
            assert.doesNotMatch(text, new RegExp(TERMINAL_CONTROLS.source, 'u'), text);
            // Our own pipes aside, a shell sees words only.
            const words = await wordsOf(text.replace(/ \| (head|grep -i xid)$/, ''));
            assert.ok(!words.includes('touch') && !words.includes('id') && !words.includes('&&'), text);
          }
        }
      }
      const silence = silenceCommand('WorkerStuck', { container: name } as never).text;
      assert.equal((await wordsOf(silence)).length, 9, silence);
    });
  }
});

describe('text that meets a terminal, a log or a mail', () => {
  for (const format of ['text', 'json'] as const) {
    it(`has no escape sequence and no mark of direction in the ${format} log`, () => {
      let written = '';
      const log = createLogger({
        level: 'info',
        format,
        write: (line) => {
          written += line;
        },
      });
      for (const name of HOSTILE) log.warn({ name, err: new Error(name) }, `file ${name}`);
      assert.doesNotMatch(written.replaceAll('\n', ''), new RegExp(TERMINAL_CONTROLS.source, 'u'));
      assert.equal(written.trimEnd().split('\n').length, HOSTILE.length);
    });
  }

  it('is one harmless line in a mail', () => {
    for (const name of HOSTILE) assert.doesNotMatch(oneLine(name), new RegExp(TERMINAL_CONTROLS.source, 'u'));
  });

  it('stays two names where two are escaped', () => {
    assert.notEqual(escapeControls('a\u001b'), escapeControls('a\u009b'));
  });
});
