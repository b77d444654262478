import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { RequestHandler } from 'express';
import { ask, serveDoor } from '../../support/door-server.js';
import { openDoor } from '../../support/open-door.js';
import { waitFor } from '../../support/wait-for.js';

const LIMITS = { headMs: 200, requestMs: 400, unreadMs: 200 };
const HEAD = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n';
/** More than the system keeps for a client that does not read. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'a');

interface Client {
  readonly socket: Socket;
  answer: string;
  isClosed: boolean;
}

function open(test: TestContext, port: number, text: string, isReading = true): Client {
  const socket = connect(port, '127.0.0.1');
  test.after(() => socket.destroy());
  const client: Client = { socket, answer: '', isClosed: false };
  socket.on('error', () => undefined).on('close', () => (client.isClosed = true));
  if (isReading) socket.on('data', (chunk: Buffer) => (client.answer += chunk.toString('latin1')));
  else socket.pause();
  socket.write(text);
  return client;
}

describe('a client that takes too long', () => {
  it('for the head of its request, or for the rest, is cut off; one that asks at once is not', async (test) => {
    const { port } = await serveDoor(test, {}, { clientLimits: LIMITS });
    const clients = [
      open(test, port, ''),
      open(test, port, HEAD),
      open(test, port, `POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{`),
    ];
    const drip = setInterval(() => void clients[1]?.socket.write('X-a: b\r\n'), 20);
    test.after(() => clearInterval(drip));
    await waitFor('all to be cut off', () => clients.every(({ isClosed }) => isClosed));
    assert.match(clients[1]?.answer ?? '', /^HTTP\/1\.1 408 /);
    assert.equal((await ask({ port })).status, 200);
  });

  it('to read its answer is cut off, however it asked', async (test) => {
    const metrics = { contentType: 'text/plain', render: () => Promise.resolve(LARGE) };
    // A client that reads nothing does not see its connection end: the server does.
    let cutOff = 0;
    const { door } = openDoor(() => null);
    const enter: RequestHandler = (request, response, next) => {
      response.on('close', () => {
        if (request.socket.destroyed) cutOff++;
      });
      return door.enter(request, response, next);
    };
    const more = { clientLimits: LIMITS, metrics, door: { ...door, enter } };
    const { port } = await serveDoor(test, {}, more);
    open(test, port, `${HEAD}\r\n`, false);
    open(test, port, `GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n${HEAD}\r\n`, false);
    await waitFor('both to be cut off', () => cutOff === 2);
    const { body } = await ask({ port });
    assert.equal(body.length, LARGE.length, 'who reads gets all of it');
  });
});
