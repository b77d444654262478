import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { createBcryptRunner } from '../../../src/views/door/bcrypt-runner.js';
import { createPasswords } from '../../../src/views/door/passwords.js';

describe('passwords', () => {
  const users = new Map([
    ['ann', hashSync('secret', 4)],
    ['bob', hashSync('other', 11).replace('$2b$', '$2y$')],
  ]);

  it('are right or wrong by the hash of their user', async () => {
    const bcrypt = createBcryptRunner();
    const { check, isKnown } = createPasswords(bcrypt);
    assert.equal(isKnown(users, 'ann', 'secret'), false);
    assert.equal(await check(users, 'ann', 'secret'), 'right');
    assert.equal(isKnown(users, 'ann', 'secret'), true);
    assert.equal(await check(users, 'bob', 'other'), 'right');
    assert.equal(await check(users, 'ann', 'other'), 'wrong');
    assert.equal(await check(users, 'eve', 'secret'), 'wrong');
    assert.equal(await check(users, 'eve', 'fakepassword'), 'wrong', 'what the hash for unknown users is of');
    bcrypt.close();
  });

  it('are hashed once while they are right, and again when the hash changes', async () => {
    const asked: string[] = [];
    const passwords = createPasswords({
      compare(password, hash) {
        asked.push(hash);
        return Promise.resolve(password === 'secret');
      },
    });
    for (let count = 0; count < 3; count++) await passwords.check(users, 'ann', 'secret');
    assert.equal(asked.length, 1);
    const changed = new Map([['ann', hashSync('next', 4)]]);
    assert.equal(passwords.isKnown(changed, 'ann', 'secret'), false);
    await passwords.check(changed, 'ann', 'secret');
    assert.equal(asked.length, 2);
  });

  it('of an unknown user take the work of the costliest known one', async () => {
    const asked: string[] = [];
    const passwords = createPasswords({
      compare(_password, hash) {
        asked.push(hash);
        return Promise.resolve(true);
      },
    });
    assert.equal(await passwords.check(users, 'eve', 'x'), 'wrong', 'even if the hash should fit');
    assert.match(asked[0] ?? '', /^\$2y\$11\$.{53}$/);
  });

  it('are not looked at when too many wait', async () => {
    const bcrypt = createBcryptRunner();
    const { check } = createPasswords(bcrypt);
    const verdicts = await Promise.all(
      Array.from({ length: 40 }, (_, count) => check(users, 'ann', `guess ${count}`)),
    );
    assert.equal(verdicts.filter((one) => one === 'wrong').length, 32);
    assert.equal(verdicts.filter((one) => one === 'busy').length, 8);
    bcrypt.close();
  });
});
