/** On a real engine: what the card of any kind prints for a container can be typed in the state the container is in. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FINDING_KINDS } from '../../src/detectors/finding.js';
import type { ContainerJson } from '../../src/views/picture/api-shapes.js';
import { listProblems } from '../../src/views/picture/problems.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';

const NAME = 'paddle-worker-gpu0-0';
const SLEEP = ['sh', '-c', "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"];

/** How a container comes into the state. */
const STATES: Readonly<Record<string, (docker: RealDocker['docker']) => Promise<unknown>>> = {
  running: (docker) => docker('run', '-d', '--network', 'none', '--name', NAME, IMAGE, ...SLEEP),
  exited: (docker) => docker('run', '--network', 'none', '--name', NAME, IMAGE, 'true'),
  created: (docker) => docker('create', '--network', 'none', '--name', NAME, IMAGE, ...SLEEP),
  async paused(docker) {
    await docker('run', '-d', '--network', 'none', '--name', NAME, IMAGE, ...SLEEP);
    await docker('pause', NAME);
  },
};

/** What cards of all kinds print of a container in this state, each once. */
function commandsIn(state: string): readonly string[] {
  const container: ContainerJson = { container: NAME, role: 'worker', state };
  const texts = FINDING_KINDS.flatMap((kind) => {
    const findings = [{ id: kind, kind, severity: 'warning', container: NAME }];
    const { problems } = listProblems({ containers: [container], findings }, null, Date.now());
    return problems.flatMap(({ commands }) => commands.map(({ text }) => text));
  });
  return [...new Set(texts)].filter((text) => text.startsWith('docker '));
}

describe('a command on a card works', { skip: skipWithout('docker') }, () => {
  let engine: RealDocker;
  before(async () => {
    engine = await startRealDocker();
  });
  after(() => engine?.dispose());

  for (const [state, bringAbout] of Object.entries(STATES)) {
    it(`of a container that is ${state}`, async () => {
      const commands = commandsIn(state);
      assert.ok(commands.length > 2);
      for (const text of commands) {
        await bringAbout(engine.docker);
        try {
          // Without a terminal and input, so that a shell ends at once.
          const [, ...words] = text.replace(' -it ', ' ').replaceAll("'", '').split(' ');
          await engine.docker(...joinFormat(words));
        } catch (error) {
          assert.fail(`${text}: ${error instanceof Error ? error.message : ''}`);
        } finally {
          await engine.docker('rm', '-f', NAME);
        }
      }
    });
  }
});

/** `{{json .State}}` is one word to a shell. */
function joinFormat(words: readonly string[]): readonly string[] {
  const at = words.indexOf('{{json');
  return at < 0 ? words : [...words.slice(0, at), `${words[at]} ${words[at + 1]}`, ...words.slice(at + 2)];
}
