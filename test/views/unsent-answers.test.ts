import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { createUnsentAnswers } from '../../src/views/unsent-answers.js';

interface Reader {
  readonly response: ServerResponse;
  readonly isCut: () => boolean;
  finish(): void;
}

function reader(): Reader {
  let isCut = false;
  const response = Object.assign(new EventEmitter(), {
    end: () => undefined,
    destroy() {
      isCut = true;
      response.emit('close');
    },
  });
  return {
    response: response as unknown as ServerResponse,
    isCut: () => isCut,
    finish: () => void response.emit('close'),
  };
}

const body = (): Buffer => Buffer.alloc(10);

describe('answers that are not read yet', () => {
  it('are bounded together: the one that waits longest is cut off for a new one', () => {
    const unsent = createUnsentAnswers(30);
    const readers = Array.from({ length: 6 }, reader);
    for (const { response } of readers.slice(0, 4)) unsent.send(response, body());
    assert.deepEqual(
      readers.map(({ isCut }) => isCut()),
      [true, false, false, false, false, false],
    );
    readers[2]?.finish();
    unsent.send(readers[4]?.response as ServerResponse, body());
    assert.equal(readers[1]?.isCut(), false, 'one was read: there is room');
    unsent.send(readers[5]?.response as ServerResponse, body());
    assert.equal(readers[1]?.isCut(), true);
  });

  it('count once where several have the same body', () => {
    const unsent = createUnsentAnswers(30);
    const shared = body();
    const readers = Array.from({ length: 100 }, reader);
    for (const { response } of readers) unsent.send(response, shared);
    assert.ok(readers.every(({ isCut }) => !isCut()));
    for (const { finish } of readers) finish();
    const others = Array.from({ length: 4 }, reader);
    for (const { response } of others) unsent.send(response, body());
    assert.deepEqual(
      others.map(({ isCut }) => isCut()),
      [true, false, false, false],
    );
  });

  it('are sent however long one is', () => {
    const unsent = createUnsentAnswers(5);
    const one = reader();
    unsent.send(one.response, body());
    assert.equal(one.isCut(), false);
  });
});
