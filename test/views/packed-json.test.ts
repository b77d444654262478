import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import { packedJsonRoute } from '../../src/views/packed-json.js';
import { createUnsentAnswers } from '../../src/views/unsent-answers.js';

async function serve(test: TestContext, render: () => string): Promise<string> {
  const app = express().use(packedJsonRoute(render, createUnsentAnswers()));
  app.use(((_error, _request, response, _next) => {
    response.status(500).end();
  }) satisfies express.ErrorRequestHandler);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const answerOf = async (url: string): Promise<unknown> => (await fetch(url)).json();

describe('large JSON', () => {
  it('is made once for many clients that ask at the same moment, and again for those after', async (test) => {
    let made = 0;
    const url = await serve(test, () => {
      // As long as a large fleet takes.
      for (const endMs = performance.now() + 10; performance.now() < endMs; );
      return String(++made);
    });
    const clients = 200;
    const answers = await Promise.all(Array.from({ length: clients }, () => answerOf(url)));
    assert.equal(answers.length, clients);
    assert.ok(made < clients / 2, `${made} of ${clients}`);
    const before = made;
    assert.deepEqual(await answerOf(url), { status: 'success', data: before + 1 });
    assert.deepEqual(await answerOf(url), { status: 'success', data: before + 2 });
  });

  it('that cannot be made fails each that asked, and no later one', async (test) => {
    let isBroken = true;
    const url = await serve(test, () => {
      if (isBroken) throw new Error('broken');
      return '1';
    });
    const failed = await Promise.all([fetch(url), fetch(url)]);
    assert.deepEqual(
      failed.map(({ status }) => status),
      [500, 500],
    );
    isBroken = false;
    assert.deepEqual(await answerOf(url), { status: 'success', data: 1 });
  });
});
