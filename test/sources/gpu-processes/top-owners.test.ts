import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTopOwners } from '../../../src/sources/gpu-processes/top-owners.js';

const list = (...pids: readonly number[]) => ({
  Titles: ['PID', 'COMMAND'],
  Processes: pids.map((pid) => [String(pid), 'python']),
});

function ownersOf(answers: Record<string, unknown>, ids: readonly string[] = Object.keys(answers)) {
  const running = [...ids];
  const asked: string[] = [];
  const owners = createTopOwners({
    candidates: () => running,
    ask(id) {
      asked.push(id);
      const answer = answers[id];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  const find = async (...pids: readonly number[]) =>
    Object.fromEntries(
      [...(await owners.find(pids))].map(([pid, owner]) => [pid, 'ids' in owner ? owner.ids[0] : owner.kind]),
    );
  return { find, asked, answers, running };
}

describe('the owner of a process, by the lists of the engine', () => {
  it('is the container that lists it; in none only when all have answered', async () => {
    const { find, answers } = ownersOf({ one: list(10, 11), two: new Error('busy'), gone: undefined });
    assert.deepEqual(await find(11, 99), { 11: 'one' });
    answers['two'] = list(20);
    assert.deepEqual(await find(11, 99), { 11: 'one', 99: 'none' });
  });

  it('is not known where the engine has a list of another kind, or nobody could be asked', async () => {
    const { find } = ownersOf({ one: { Titles: ['USER'], Processes: [['root']] } });
    assert.deepEqual(await find(10), {});
    assert.deepEqual(await ownersOf({}).find(10), {});
  });

  it('costs no question twice, and those of a new process only', async () => {
    const { find, asked } = ownersOf({ one: list(10), two: list(20, 21) });
    await find(10, 20, 99);
    await find(10, 20, 99);
    assert.deepEqual(asked, ['one', 'two']);
    assert.equal((await find(10, 20, 21))[21], 'two');
    assert.equal(asked.length, 4);
  });

  it('is asked for again when its container has ended: another may have its number, or it lives on', async () => {
    const { find, answers, running } = ownersOf({ one: list(10, 11), two: list(20) });
    assert.deepEqual(await find(10, 11, 20), { 10: 'one', 11: 'one', 20: 'two' });
    running.splice(0, 2, 'two', 'three');
    Object.assign(answers, { one: undefined, three: list(10) });
    assert.deepEqual(await find(10, 11, 20), { 10: 'three', 11: 'one', 20: 'two' });
  });

  it('is found a part of the containers at a time', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const { find, asked } = ownersOf({ c39: list(10) }, ids);
    assert.deepEqual(await find(10), {});
    assert.equal(asked.length, 32);
    assert.deepEqual(await find(10), { 10: 'c39' });
    assert.equal(new Set(asked).size, 40);
  });
});
